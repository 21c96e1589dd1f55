"""Turns outcomes into findings: equal to the reference, equal to a misconception, or different in ways that can be
told."""

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

import msgspec
import numpy as np

from autograder.grading import messages
from autograder.grading.bank import Bank, slug_of
from autograder.grading.compare import Difference, differences, same
from autograder.grading.properties import EQUAL, property_of, property_of_all, times
from autograder.grading.rubric import Check, Item, Rubric
from autograder.grading.verdicts import Finding, Unclear
from autograder.sandbox.outcomes import Array, Fault, Outcome, Reply

Answers = Mapping[str, Outcome | Unclear]
"""Case to outcome, for the cases of one item that were asked."""


def judge(
    item: Item, answers: Answers, bank: Bank, rubric: Rubric, why_missing: Callable[[str], str]
) -> dict[str, Finding]:
    """A finding for every check of the item, in the rubric's order."""
    known = {case: _described(answer, rubric) for case, answer in answers.items()}
    comparison = Comparison(item, known, bank, rubric.tolerance)
    failing = [check for check in item.checks if not comparison.passes(check)]
    pointed = [check for check in item.checks if check.points]
    wrong = [check for check in pointed if check in failing]
    names = _diagnose(pointed, wrong, comparison)
    findings: dict[str, Finding] = {}
    said: dict[str, str] = {}
    for check in item.checks:
        if check not in failing:
            if check.after and not findings[check.after].passed:
                findings[check.name] = presupposing(item, check, findings[check.after])
            else:
                findings[check.name] = comparison.passed(check)
        elif not check.points:
            # A note is about the last few details of what is right; beside real mistakes it would only confuse.
            silent = bool(wrong or comparison.faults(check))
            findings[check.name] = Finding(passed=silent, message="" if silent else check.note)
        elif faults := comparison.faults(check):
            findings[check.name] = not_checked(faults[0], again="fault" in said)
            said["fault"] = check.title
        elif check.after and not findings[check.after].passed and comparison.unanswered(check):
            # An exception there says nothing of what this check is about.
            findings[check.name] = Finding(passed=False, message=messages.presupposed(_title(item, check.after)))
        else:
            slug, table = names.get(check.name), _layers(check, comparison)
            seen = _explain(check, comparison, rubric, why_missing, named=slug is not None)
            shown = check.name in item.shown and slug != item.not_started and comparison.is_seen(check)
            findings[check.name] = msgspec.structs.replace(_mistake(check, seen, table, slug, bank, said), shown=shown)
    return findings


def _title(item: Item, check: str) -> str:
    return next(each.title for each in item.checks if each.name == check)


def _mistake(check: Check, seen: str, table: str, slug: str | None, bank: Bank, said: dict[str, str]) -> Finding:
    """What was seen, the layers, and what it usually means.

    `said` maps the texts of the item so far to the checks that have them, so that none is said twice.
    """
    message = seen
    if table and table not in said:
        said[table] = check.title
        message += f"\n\n{table}"
    first = said.setdefault(slug or message, check.title)
    if first != check.title:
        message = messages.as_above(first) if slug is None else f"{message}\n\n{messages.as_above(first)}"
    elif slug is not None:
        message = messages.with_misconception(message, bank.misconceptions[slug])
    return Finding(passed=False, message=message, misconception=slug)


def _described(answer: Outcome | Unclear, rubric: Rubric) -> Outcome | Unclear:
    """The answer, unless it holds a field of which the rubric knows nothing."""
    if isinstance(answer, Reply) and (unknown := sorted({*answer.facts, *answer.arrays} - set(rubric.fields))):
        return Fault(reason=f"the reply has a field {unknown[0][:60]!r}, which the rubric's [fields] do not describe")
    return answer


def presupposing(item: Item, check: Check, earlier: Finding) -> Finding:
    """Of a check that counts only after one that has failed."""
    return msgspec.structs.replace(earlier, message=messages.presupposed(_title(item, check.after)))


def not_checked(fault: Fault, *, again: bool = False) -> Finding:
    """Neither right nor wrong: the grader's own code has failed."""
    return Finding(
        passed=False,
        message=messages.could_not_be_checked(fault.package, again=again),
        needs_review=f"could not be checked: {fault.reason}",
        fault=fault.trace or fault.reason,
    )


class Comparison:
    """One item's answers beside what the bank holds for the same cases."""

    def __init__(self, item: Item, answers: Answers, bank: Bank, tolerance: float) -> None:
        self.item, self.answers, self.bank, self.tolerance = item, answers, bank, tolerance

    def passes(self, check: Check) -> bool:
        """Whether every case of the check is answered as the reference answers it."""
        return all(self._passes(check, case) for case in check.cases)

    def faults(self, check: Check) -> list[Fault]:
        """The grader's own failures, where nothing else speaks against the check."""
        failing = [self.answers[case] for case in check.cases if not self._passes(check, case)]
        faults = [answer for answer in failing if isinstance(answer, Fault)]
        return faults if len(faults) == len(failing) else []

    def passed(self, check: Check) -> Finding:
        """The finding of a check that passes, with the doubt where there is one."""
        unclear = [answer for case in check.cases if isinstance(answer := self.answers[case], Unclear)]
        if not unclear:
            return Finding(passed=True, message="")
        return Finding(passed=True, message=f"Taken as right: {unclear[0].reason}", needs_review=unclear[0].reason)

    def fitting(self, check: Check, *, clues: bool = False) -> set[str]:
        """The misconceptions that agree with the submission in all cases of the check."""
        everything = [set(self.bank.mistaken(self.item.name, case)) for case in check.cases]
        return {
            slug
            for slug in set.intersection(*everything)
            if all(self._fits(slug, check, case, clues=clues) for case in check.cases)
        }

    def unanswered(self, check: Check) -> bool:
        """Whether no case of the check has a reply that differs."""
        return not any(isinstance(self.answers[case], Reply) and not self._passes(check, case) for case in check.cases)

    def is_seen(self, check: Check) -> bool:
        """Whether a public case has a reply that differs."""
        return any(
            self.item.cases[case].bank == "public"
            and isinstance(self.answers[case], Reply)
            and not self._passes(check, case)
            for case in check.cases
        )

    def visible(self, field: str) -> dict[str, tuple[Array, Array]]:
        """Public case to what came and what was expected there, for an array of the right shape."""
        found = {}
        for case, answer in self.answers.items():
            expected = self.bank.expected(self.item.name, case)
            if self.item.cases[case].bank == "public" and isinstance(answer, Reply) and isinstance(expected, Reply):
                both = answer.arrays.get(field), expected.arrays.get(field)
                if both[0] is not None and both[1] is not None and both[0].shape == both[1].shape:
                    found[case] = (both[0], both[1])
        return found

    def unchanged(self, field: str) -> str:
        """What the field should depend on and does not: an argument that alone tells two public cases apart."""
        replies = self.visible(field)
        for one, other in combinations(replies, 2):
            arguments = self.item.cases[one].arguments, self.item.cases[other].arguments
            apart = [name for name in arguments[0] if arguments[0][name] != arguments[1].get(name)]
            if len(apart) == 1 and apart[0] in arguments[1]:
                (got, expected), (again, changed) = replies[one], replies[other]
                if np.allclose(got, again, EQUAL) and not np.allclose(expected, changed, EQUAL):
                    values = " and ".join(f"{given[apart[0]]}" for given in arguments)
                    return f"It is the same for a `{apart[0]}` of {values}."
        return ""

    def times_a_mistake(self, field: str) -> str:
        """Whether it is a multiple of what a misconception gives, in all public cases."""
        replies = self.visible(field)
        for slug, description in self.bank.misconceptions.items():
            if description.item != self.item.name:
                continue
            mistaken = [self.bank.mistaken(self.item.name, case).get(slug) for case in replies]
            arrays = [each.arrays[field] for each in mistaken if isinstance(each, Reply) and field in each.arrays]
            factor = times([got for got, _ in replies.values()], arrays) if len(arrays) == len(replies) else None
            if factor is not None and abs(factor - 1) > EQUAL:
                return f"It is {factor:.4g} times what comes out with this mistake: {description.shows}"
        return ""

    def consistent(self, slug: str) -> bool:
        """Whether no reply speaks against the misconception: in each field it is as the misconception has it, or the
        misconception leaves the field as it should be and another mistake may have changed it. Clues it must have."""
        return all(
            self._stands(slug, case, check.fields, check.clues)
            for check in self.item.checks
            if check.points
            for case in check.cases
        )

    def _stands(self, slug: str, case: str, fields: Iterable[str], clues: Iterable[str]) -> bool:
        answer, mistaken = self.answers[case], self.bank.mistaken(self.item.name, case)[slug]
        expected = self.bank.expected(self.item.name, case)
        if isinstance(answer, Unclear | Fault) or not fields:
            return True
        if not isinstance(answer, Reply) or not isinstance(mistaken, Reply):
            return same(answer, mistaken, (), self.tolerance) or same(mistaken, expected, fields, self.tolerance)
        return same(answer, mistaken, clues, self.tolerance) and all(
            same(answer, mistaken, (field,), self.tolerance) or same(mistaken, expected, (field,), self.tolerance)
            for field in fields
        )

    def differs(self, slug: str, check: Check) -> bool:
        """Whether the misconception itself fails the check."""
        return not all(
            self.agree(check, self.bank.mistaken(self.item.name, case)[slug], self.bank.expected(self.item.name, case))
            for case in check.cases
        )

    def agree(self, check: Check, one: Outcome, other: Outcome, *, clues: bool = False) -> bool:
        """Whether two outcomes are the same as far as the check looks."""
        return same(one, other, (*check.fields, *(check.clues if clues else ())), self.tolerance)

    def _passes(self, check: Check, case: str) -> bool:
        answer = self.answers[case]
        return isinstance(answer, Unclear) or (
            isinstance(answer, Reply) and self.agree(check, answer, self.bank.expected(self.item.name, case))
        )

    def _fits(self, slug: str, check: Check, case: str, *, clues: bool) -> bool:
        answer = self.answers[case]
        mistaken = self.bank.mistaken(self.item.name, case)[slug]
        return isinstance(answer, Unclear) or self.agree(check, answer, mistaken, clues=clues)


def _diagnose(pointed: list[Check], wrong: list[Check], comparison: Comparison) -> dict[str, str]:
    """Failing check to the slug of the misconception that replies just so.

    Best is a misconception that agrees with the submission in every compared field of every case of the item. Where
    there is none, a check is given a name only if exactly one misconception agrees in that check's own fields, and no
    reply of the item speaks against it: a wrong name is worse than none.
    """
    fitting = {check.name: comparison.fitting(check) for check in pointed}
    whole = set.intersection(*fitting.values()) if fitting else set()
    named = {}
    for check in wrong:
        candidates = {
            slug for slug in fitting[check.name] if comparison.differs(slug, check) and comparison.consistent(slug)
        }
        best = candidates & whole or candidates
        slugs = set(map(slug_of, best))
        if len(slugs) > 1:
            slugs = set(map(slug_of, best & comparison.fitting(check, clues=True)))
        if len(slugs) == 1:
            named[check.name] = slugs.pop()
    return named


def _explain(
    check: Check, comparison: Comparison, rubric: Rubric, why_missing: Callable[[str], str], *, named: bool
) -> str:
    """What was seen in the first case that differs. `named`: whether a misconception says it all."""
    item = comparison.item
    for case in check.cases:
        answer, expected = comparison.answers[case], comparison.bank.expected(item.name, case)
        if isinstance(answer, Unclear) or comparison.agree(check, answer, expected):
            continue
        both = (answer, expected) if isinstance(answer, Reply) and isinstance(expected, Reply) else None
        found = differences(*both, check.fields, rubric.tolerance) if both else []
        hidden = item.cases[case].bank == "hidden"
        if hidden and check.visibility == "visible":
            # By then the code has seen a hidden input, and could tell it in an exception, an exit code or a value.
            return messages.wrong_elsewhere(answer, [rubric.fields[each.field] for each in found])
        if not both:
            return messages.no_reply(answer, why_missing)
        known = {} if hidden else _properties(found, case, comparison, named=named)
        return messages.different(found, rubric.fields, hidden=hidden, known=known)
    return ""


def _properties(found: Iterable[Difference], case: str, comparison: Comparison, *, named: bool) -> dict[str, str]:
    """Field to what is true of it: in the case, or in all public cases together."""
    told = {}
    for field in (each.field for each in found if each.places):
        replies = comparison.visible(field)
        got, expected = replies[case]
        everything = [list(arrays) for arrays in zip(*replies.values(), strict=True)]
        said = property_of(got, expected) or comparison.unchanged(field) or property_of_all(*everything)
        told[field] = said or ("" if named else comparison.times_a_mistake(field))
    return told


def _layers(check: Check, comparison: Comparison) -> str:
    """The layers of the first case, beside the reference's."""
    case = check.cases[0]
    return messages.layers(comparison.answers[case], comparison.bank.expected(comparison.item.name, case))
