"""Cells for a student's own notebook in which the mistakes that were found can be seen."""

from collections.abc import Iterable, Iterator

from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric
from autograder.student.grading.verdicts import Verdict

CELL = "cell"
"""The name that stands in the place of a check."""


def demonstrations(verdicts: Iterable[Verdict], rubric: Rubric, assignment: Assignment) -> Iterator[Verdict]:
    """A verdict without points that holds the cell, for each item with a mistake that its cell shows."""
    shown = {verdict.item for verdict in verdicts if verdict.shown}
    for item in rubric.items:
        if item.name in shown:
            text = "Run this below your `{}`. It prints what should come out next to what does.\n\n```python\n{}```"
            yield Verdict(
                number=f"{item.number}.{len(item.checks) + 1}",
                item=item.name,
                about=item.title,
                check=CELL,
                title="A cell for your own notebook that shows it",
                score=0.0,
                max_score=0.0,
                passed=True,
                message=text.format(item.needs[0], assignment.cell(item.name)),
                misconception=None,
                visibility="visible",
            )
