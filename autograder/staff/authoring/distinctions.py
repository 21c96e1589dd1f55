"""What each misconception changes, and from which others it cannot be told: the table for checking a name."""

from collections.abc import Iterator

import msgspec

from autograder.guest.outcomes import Outcome, Reply
from autograder.student.grading.bank import Bank, slug_of
from autograder.student.grading.compare import same
from autograder.student.grading.rubric import Item, Rubric


class Distinction(msgspec.Struct, frozen=True):
    """One recorded misconception."""

    item: str
    slug: str
    fields: tuple[str, ...]
    """The fields in which it differs from the reference, including those that are only clues; "no reply" where it
    raises."""
    alike: tuple[str, ...]
    """Other misconceptions that have the same replies in every field that is compared."""


def distinctions(rubric: Rubric, bank: Bank) -> Iterator[Distinction]:
    """A row for every misconception of every item that has probes. Raises BankError."""
    for item in rubric.items:
        compared = list(_compared(item))
        slugs = sorted(bank.mistaken(item.name, compared[0][0])) if compared else []
        for slug in slugs:
            changed, alike = dict[str, None](), {other for other in slugs if slug_of(other) != slug_of(slug)}
            for case, fields in compared:
                mistaken, expected = bank.mistaken(item.name, case), bank.expected(item.name, case)
                changed |= dict.fromkeys(_changed(mistaken[slug], expected, fields, rubric.tolerance))
                alike = {each for each in alike if same(mistaken[slug], mistaken[each], fields, rubric.tolerance)}
            yield Distinction(item.name, slug, tuple(changed), tuple(sorted(alike)))


def _compared(item: Item) -> Iterator[tuple[str, tuple[str, ...]]]:
    for case in item.cases:
        fields = [
            each
            for check in item.checks
            if not check.is_note and case in check.cases
            for each in (*check.fields, *check.clues)
        ]
        if fields:
            yield case, tuple(dict.fromkeys(fields))


def _changed(mistaken: Outcome, expected: Outcome, fields: tuple[str, ...], tolerance: float) -> Iterator[str]:
    if not isinstance(mistaken, Reply):
        yield "no reply"
    else:
        yield from (field for field in fields if not same(mistaken, expected, (field,), tolerance))
