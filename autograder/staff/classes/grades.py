"""A class's grades as a table: one row for each student, a column for each item."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

from autograder.staff.classes.roster import Entry
from autograder.staff.classes.run import Change
from autograder.staff.intake.handed import Student
from autograder.staff.intake.people import names_of
from autograder.student.output.results import clean

FORMULA = "=+-@＝＋－＠﹦﹢﹣﹫"
"""Characters that make a spreadsheet compute a cell that begins with them."""
LAST = ("score", "max_score", "to_review", "problem", "late_days", "adjusted")
"""Columns after the columns of the items."""
_BEGINS = re.compile(rf"(^|[;,\t|])([\s\"']*)(?=[{re.escape(FORMULA)}])")
"""Finds such a character also where a spreadsheet divides cells at semicolons."""


def as_csv(entries: Iterable[Entry], items: Sequence[str]) -> str:
    """The table. Students who hand in together have a row each; a submission that is not graded has no points. Times
    are left out, so that the same submissions give the same text. Write it with a byte-order mark, or Excel garbles
    names."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["submission", "student", "email", "sid", *items, *LAST])
    for entry in entries:
        for student in entry.handed.students or (Student(),):
            who = [_harmless(each) for each in (entry.handed.name, student.name, student.email, student.sid)]
            more = [entry.late_days or "", _harmless("; ".join(entry.adjusted))]
            table.writerow([*who, *_graded(entry, items), _harmless(entry.problem), *more])
    return text.getvalue()


def changes_as_csv(changes: Iterable[Change], entries: Iterable[Entry]) -> str:
    """The changes by a regrade: a row for each submission."""
    students = {entry.handed.name: names_of(entry.handed.students) for entry in entries}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["submission", "students", "before", "after", "why", "checks"])
    for change in changes:
        checks = "; ".join(f"{check}: {before:g} -> {after:g}" for check, before, after in change.checks)
        who = [_harmless(change.name), _harmless(students.get(change.name, ""))]
        table.writerow([*who, f"{change.before:g}", f"{change.after:g}", change.why, _harmless(checks)])
    return text.getvalue()


def _graded(entry: Entry, items: Sequence[str]) -> list[object]:
    if entry.results is None:
        return ["" for _ in (*items, "score", "max_score", "to_review")]
    points = [f"{score:g}" for score in entry.points(items)]
    return [*points, f"{entry.score:g}", f"{entry.results.max_score:g}", entry.to_review]


def _harmless(text: str) -> str:
    """Text in one line, without invisible characters, that a spreadsheet does not take for a formula."""
    shown = "".join(each for each in clean(text) if unicodedata.category(each) != "Cf")
    return _BEGINS.sub(r"\1'\2", " ".join(shown.split()))
