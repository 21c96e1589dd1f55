"""A class's grades as a table: one row for each student, a column for each item."""

import csv
import io
import math
from collections.abc import Iterable, Sequence

from autograder.output.results import Results, clean
from autograder.submission.collection import Handed, Student

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet would compute where a cell begins with it."""


def as_csv(rows: Iterable[tuple[Handed, Results | None]], items: Sequence[str]) -> str:
    """Who hands in together has a row each. Points of an item are the sum over its checks; what has not been graded has
    none. Times are left out: the same submissions give the same text."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["submission", "student", "email", "sid", *items, "score", "max_score", "to_review", "problem"])
    for handed, results in rows:
        for student in handed.students or (Student(),):
            who = [_harmless(each) for each in (handed.name, student.name, student.email, student.sid)]
            table.writerow([*who, *_points(results, items)])
    return text.getvalue()


def _points(results: Results | None, items: Sequence[str]) -> list[object]:
    if results is None:
        return [*("" for _ in items), "", "", "", "not graded"]
    by_item = [[test.score for test in results.tests if test.extra_data.get("item") == item] for item in items]
    sums = [f"{math.fsum(scores):g}" for scores in by_item]
    is_odd = "grader_failed" in results.extra_data or "unreadable" in results.extra_data
    problem = _harmless(results.output) if is_odd else ""
    review = len(results.extra_data.get("needs_review", ()))
    return [*sums, f"{results.score:g}", f"{results.max_score:g}", review, problem]


def _harmless(text: str) -> str:
    """In one line."""
    text = " ".join(clean(text).split())
    return f"'{text}" if text.startswith(FORMULA) else text
