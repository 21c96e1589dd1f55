"""A class's grades as a table: one row for each student, a column for each item."""

import csv
import io
from collections.abc import Iterable, Sequence

from autograder.staff.classes.collection import Student
from autograder.staff.classes.roster import Entry
from autograder.student.output.results import clean

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet would compute where a cell begins with it."""


def as_csv(entries: Iterable[Entry], items: Sequence[str]) -> str:
    """Who hands in together has a row each; what has not been graded has no points. Times are left out: the same
    submissions give the same text."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["submission", "student", "email", "sid", *items, "score", "max_score", "to_review", "problem"])
    for entry in entries:
        for student in entry.handed.students or (Student(),):
            who = [_harmless(each) for each in (entry.handed.name, student.name, student.email, student.sid)]
            table.writerow([*who, *_graded(entry, items), _harmless(entry.problem)])
    return text.getvalue()


def _graded(entry: Entry, items: Sequence[str]) -> list[object]:
    if entry.results is None:
        return ["" for _ in (*items, "score", "max_score", "to_review")]
    points = [f"{score:g}" for score in entry.points(items)]
    return [*points, f"{entry.score:g}", f"{entry.results.max_score:g}", entry.to_review]


def _harmless(text: str) -> str:
    """In one line."""
    text = " ".join(clean(text).split())
    return f"'{text}" if text.startswith(FORMULA) else text
