"""One item's replies beside the bank's for the same cases: what passes, which misconceptions fit, and what is true of
all public cases together."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import combinations
from typing import Any

from autograder.guest.outcomes import Array, Fault, Outcome, Reply
from autograder.student.grading.bank import Bank
from autograder.student.grading.compare import same
from autograder.student.grading.properties import EQUAL, change_of, close, times
from autograder.student.grading.rubric import Check, Item

MOST_TIMES = 100
"""A greater factor would be an accident."""
Answers = Mapping[str, Outcome]
"""Maps a case to its outcome, for the cases of one item that were asked."""


class Comparison:
    """One item's replies beside the bank's for the same cases."""

    def __init__(self, item: Item, answers: Answers, bank: Bank, tolerance: float, text: str = "") -> None:
        self.item, self.answers, self.bank, self.tolerance = item, answers, bank, tolerance
        self._text = text

    def passes(self, check: Check) -> bool:
        """Whether every case of the check has the reference's answer."""
        return all(self._passes(check, case) for case in check.cases)

    def faults(self, check: Check) -> list[Fault]:
        """The grader's own failures, where nothing else counts against the check."""
        failing = [self.answers[case] for case in check.cases if not self._passes(check, case)]
        faults = [answer for answer in failing if isinstance(answer, Fault)]
        return faults if len(faults) == len(failing) else []

    def owed_to_a_stand_in(self) -> dict[str, str]:
        """Cases with a wrong answer in which a blank module stood in for a package, and that package: it may be the
        cause."""
        return {
            case: str(answer.facts["stood_in"])
            for check in self.item.checks
            for case in check.cases
            for answer in [self.answers[case]]
            if isinstance(answer, Reply) and "stood_in" in answer.facts
            if not check.is_note and not self._passes(check, case)
        }

    def fitting(self, check: Check, *, clues: bool = False) -> set[str]:
        """The misconceptions that agree with the submission in all cases of the check."""
        everything = [set(self.bank.mistaken(self.item.name, case)) for case in check.cases]
        return {
            slug
            for slug in set.intersection(*everything)
            if self.bank.misconceptions[slug].text in ("", self._text)
            and all(self._fits(slug, check, case, clues=clues) for case in check.cases)
        }

    def unanswered(self, check: Check) -> bool:
        """Whether in every case of the check the reply does not differ."""
        return not any(isinstance(self.answers[case], Reply) and not self._passes(check, case) for case in check.cases)

    def is_seen(self, check: Check) -> bool:
        """Whether the reply differs in a public case that the item's cell shows."""
        return any(
            self.item.cases[case].bank == "public"
            and self.item.cases[case].shown
            and isinstance(self.answers[case], Reply)
            and not self._passes(check, case)
            for case in check.cases
        )

    def visible(self, field: str) -> dict[str, tuple[Array, Array]]:
        """Maps a public case to the array that came and the expected one, where both have the same shape."""
        found = {}
        for case, answer in self.answers.items():
            expected = self.bank.expected(self.item.name, case)
            if self.item.cases[case].bank == "public" and isinstance(answer, Reply) and isinstance(expected, Reply):
                both = answer.arrays.get(field), expected.arrays.get(field)
                if both[0] is not None and both[1] is not None and both[0].shape == both[1].shape:
                    found[case] = (both[0], both[1])
        return found

    def dependence(self, field: str) -> str:
        """What the field should depend on and does not, or depends on and should not: an argument in which alone two
        public cases differ."""
        replies = self.visible(field)
        said: list[str] = []
        for one, other in combinations(replies, 2):
            (got, expected), (again, changed) = replies[one], replies[other]
            if not got.shape == again.shape == changed.shape:
                continue
            is_same, should_be = close(got, again), close(expected, changed)
            # of an array that is zero everywhere nothing more needs to be said
            if is_same == should_be or not again.any():
                continue
            apart, variation = self._apart(one, other), self.item.cases[other].variation
            if variation and not apart:
                does, should = ("stays the same", "change") if is_same else ("changes", "stay the same")
                said.append(f"{variation[0].upper()}{variation[1:]}, yours {does}; it should {should}.")
            elif len(apart) == 1 and is_same and None not in apart[0]:
                name, mine, theirs = apart[0]
                said.append(f"Yours is the same for `{name}={mine!r}` and for `{name}={theirs!r}`.")
        return " ".join(said)

    def change(self, field: str) -> str:
        """How the field, a single number, changes with an argument in which alone two public cases differ."""
        replies = self.visible(field)
        for one, other in combinations(replies, 2):
            apart = self._apart(one, other)
            if len(apart) != 1 or None in apart[0] or "seed" in apart[0]:
                continue
            got, expected = zip(replies[one], replies[other], strict=True)
            name, mine, theirs = apart[0]
            if said := change_of(got, expected):
                return f"When `{name}` goes from {mine} to {theirs}, {said}."
        return ""

    def _apart(self, one: str, other: str) -> list[tuple[str, Any, Any]]:
        """The arguments of the first case that have another value in the second, with both values; None where the
        second lacks one."""
        mine, theirs = (self.item.cases[case].arguments for case in (one, other))
        return [(name, value, theirs.get(name)) for name, value in mine.items() if theirs.get(name) != value]

    def times_a_mistake(self, field: str) -> str:
        """Whether it is a whole multiple, or a whole part, of what a misconception gives, and whether all other arrays
        of the public cases are, too."""
        for slug, description in self.bank.misconceptions.items():
            if description.item != self.item.name:
                continue
            factors = {name: self._factor(slug, name) for name in {name for name in self._arrays if name != field}}
            factor = self._factor(slug, field)
            if factor is None or any(each is None or abs(each - factor) > EQUAL for each in factors.values()):
                continue
            whole = abs(factor) if abs(factor) > 1 else 1 / abs(factor)
            if abs(factor - 1) > EQUAL and abs(whole - round(whole)) < EQUAL * whole and whole < MOST_TIMES:
                return f"Yours is {factor:.4g} times the result of this mistake: {description.shows}"
        return ""

    @property
    def _arrays(self) -> set[str]:
        """Fields of public cases that hold arrays and are compared."""
        compared = {field for check in self.item.checks if not check.is_note for field in check.fields}
        return {field for field in compared if self.visible(field)}

    def _factor(self, slug: str, field: str) -> float | None:
        """The factor from the misconception's array to the one that came, where it is the same in all public cases;
        else None."""
        replies = self.visible(field)
        mistaken = [self.bank.mistaken(self.item.name, case).get(slug) for case in replies]
        arrays = [each.arrays[field] for each in mistaken if isinstance(each, Reply) and field in each.arrays]
        return times([got for got, _ in replies.values()], arrays) if len(arrays) == len(replies) else None

    def count_off(self, field: str) -> str:
        """How far a count is off in all public cases, where that is the same in all of them and the counts differ."""
        counts = [
            (answer.facts.get(field), expected.facts.get(field))
            for case, answer in self.answers.items()
            for expected in [self.bank.expected(self.item.name, case)]
            if self.item.cases[case].bank == "public" and isinstance(answer, Reply) and isinstance(expected, Reply)
        ]
        whole = [(came, should) for came, should in counts if type(came) is int and type(should) is int]
        came, should, apart = {a for a, _ in whole}, {b for _, b in whole}, {a - b for a, b in whole}
        if len(whole) < len(counts) or len(should) < 2:
            return ""
        if len(came) == 1:
            return f"Yours is {came.pop()} in all public cases; the right numbers are {_listed(should)}."
        return (
            f"Yours is {abs(gap)} too {'many' if gap > 0 else 'few'} in every public case."
            if (gap := min(apart)) and len(apart) == 1
            else ""
        )

    @cached_property
    def is_wrong_in_public(self) -> bool:
        """Whether a public case of the item is answered wrongly."""
        return any(
            self.item.cases[case].bank == "public" and not self._passes(check, case)
            for check in self.item.checks
            if not check.is_note
            for case in check.cases
        )

    def consistent(self, slug: str) -> bool:
        """Whether no reply speaks against the misconception: each field is as the misconception gives it, or the
        misconception leaves the field right and another mistake may have changed it. Its clues have to be there."""
        return all(
            self._stands(slug, case, check.fields, check.clues)
            for check in self.item.checks
            if not check.is_note
            for case in check.cases
        )

    def _stands(self, slug: str, case: str, fields: Iterable[str], clues: Iterable[str]) -> bool:
        answer, mistaken = self.answers[case], self.bank.mistaken(self.item.name, case)[slug]
        expected = self.bank.expected(self.item.name, case)
        if isinstance(answer, Fault) or not fields:
            return True
        if not isinstance(answer, Reply) or not isinstance(mistaken, Reply):
            return same(answer, mistaken, (), self.tolerance) or same(mistaken, expected, fields, self.tolerance)
        return same(answer, mistaken, clues, self.tolerance) and all(
            same(answer, mistaken, (field,), self.tolerance) or same(mistaken, expected, (field,), self.tolerance)
            for field in fields
        )

    def fails(self, slug: str, checks: Iterable[Check]) -> bool:
        """Whether the misconception itself fails all these checks."""
        return all(self.differs(slug, check) for check in checks)

    def differs(self, slug: str, check: Check) -> bool:
        """Whether the misconception itself fails the check."""
        return not all(
            self.agree(check, self.bank.mistaken(self.item.name, case)[slug], self.bank.expected(self.item.name, case))
            for case in check.cases
        )

    def agree(self, check: Check, one: Outcome, other: Outcome, *, clues: bool = False) -> bool:
        """Whether two outcomes are the same in what the check compares."""
        return same(one, other, (*check.fields, *(check.clues if clues else ())), self.tolerance)

    def _passes(self, check: Check, case: str) -> bool:
        answer = self.answers[case]
        return isinstance(answer, Reply) and self.agree(check, answer, self.bank.expected(self.item.name, case))

    def _fits(self, slug: str, check: Check, case: str, *, clues: bool) -> bool:
        return self.agree(check, self.answers[case], self.bank.mistaken(self.item.name, case)[slug], clues=clues)


def _listed(counts: Iterable[int]) -> str:
    *first, last = map(str, sorted(counts))
    return f"{', '.join(first)} and {last}"
