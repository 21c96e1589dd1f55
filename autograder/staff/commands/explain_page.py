"""The grounds of the verdicts on one item, as a page that needs no other file: first the differences, beside the
code."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from autograder.staff.classes import pages
from autograder.staff.commands.explanation import CaseShown, Explanation
from autograder.student.grading.rubric import Item
from autograder.student.program.model import Statement


def render(
    explained: Sequence[Explanation],
    code: Iterable[Statement],
    *,
    item: Item,
    name: str,
    changed: Sequence[str],
) -> str:
    """The page's HTML. `changed`: where results that were given earlier differ."""
    cells = [
        (cell, "\n".join(statement.source for statement in statements))
        for cell, statements in groupby(code, lambda statement: statement.cell)
    ]
    return pages.template("explain.html.j2", "autograder.staff.commands").render(
        explained=differing_first(explained), code=cells, item=item, name=name, changed=changed
    )


def differing_first(explained: Sequence[Explanation]) -> list[Explanation]:
    """Failed checks come first, and cases whose answers differ."""
    return [
        Explanation(each.verdict, tuple(sorted(each.answers, key=_is_as_expected)))
        for each in sorted(explained, key=lambda each: each.verdict.passed)
    ]


def _is_as_expected(answer: CaseShown) -> bool:
    return answer.outcome == "reply" and all(field.same for field in answer.fields)
