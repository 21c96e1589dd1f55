"""Turns outcomes into findings: equal to the reference, equal to a misconception, or different in ways that can be
told."""

from collections.abc import Callable, Mapping

from autograder import messages
from autograder.bank import Bank
from autograder.compare import Difference, differences, same
from autograder.readings import Unclear
from autograder.rubric import Check, Item, Rubric
from autograder.sandbox.outcomes import Outcome, Reply
from autograder.verdicts import Finding

Answers = Mapping[str, Outcome | Unclear]
"""Case to outcome, for the cases of one item that were asked."""


def judge(
    item: Item, answers: Answers, bank: Bank, rubric: Rubric, why_missing: Callable[[str], str]
) -> dict[str, Finding]:
    """A finding for every check of the item whose cases have all been asked, in the rubric's order."""
    checks = [check for check in item.checks if all(case in answers for case in check.cases)]
    failing = {check.name for check in checks if not _passes(check, item, answers, bank, rubric.tolerance)}
    pointed = [check for check in checks if check.name in failing and check.points]
    names = _diagnose(item, pointed, answers, bank, rubric.tolerance)
    findings = {}
    for check in checks:
        if check.name not in failing:
            findings[check.name] = Finding(passed=True, message=_doubt(check, answers))
        elif not check.points:
            findings[check.name] = Finding(passed=False, message=check.note)
        else:
            slug = names.get(check.name)
            message = _explain(check, item, answers, bank, rubric, why_missing)
            if slug is not None:
                message = messages.with_misconception(message, bank.misconceptions[slug])
            findings[check.name] = Finding(passed=False, message=message, misconception=slug)
    return findings


def _passes(check: Check, item: Item, answers: Answers, bank: Bank, tolerance: float) -> bool:
    return all(
        isinstance(answer := answers[case], Unclear)
        or (isinstance(answer, Reply) and same(answer, bank.expected(item.name, case), check.fields, tolerance))
        for case in check.cases
    )


def _diagnose(item: Item, failing: list[Check], answers: Answers, bank: Bank, tolerance: float) -> dict[str, str]:
    """Failing check to the slug of the misconception that replies just so.

    Best is a misconception that agrees with the submission in every compared field of every case of the item. Where
    there is none, a
    check is given a name only if exactly one misconception agrees in that check's own fields: a wrong name is worse
    than none.
    """
    pointed = [check for check in item.checks if check.points and all(case in answers for case in check.cases)]
    fitting = {check.name: _fitting(check, item, answers, bank, tolerance) for check in pointed}
    whole = set.intersection(*fitting.values()) if fitting else set()
    named = {}
    for check in failing:
        candidates = {
            slug for slug in fitting[check.name] if not _agrees_with_reference(slug, check, item, bank, tolerance)
        }
        best = candidates & whole or candidates
        if len(best) == 1:
            named[check.name] = next(iter(best))
    return named


def _fitting(check: Check, item: Item, answers: Answers, bank: Bank, tolerance: float) -> set[str]:
    """The misconceptions that agree with the submission in this check's fields, in all of its cases."""
    slugs: set[str] | None = None
    for case in check.cases:
        answer = answers[case]
        mistaken = bank.mistaken(item.name, case)
        agreeing = {
            slug
            for slug, outcome in mistaken.items()
            if isinstance(answer, Unclear) or same(answer, outcome, check.fields, tolerance)
        }
        slugs = agreeing if slugs is None else slugs & agreeing
    return slugs or set()


def _agrees_with_reference(slug: str, check: Check, item: Item, bank: Bank, tolerance: float) -> bool:
    return all(
        same(bank.mistaken(item.name, case)[slug], bank.expected(item.name, case), check.fields, tolerance)
        for case in check.cases
    )


def _doubt(check: Check, answers: Answers) -> str:
    unclear = [answer for case in check.cases if isinstance(answer := answers[case], Unclear)]
    return f"Taken as right: {unclear[0].reason}" if unclear else ""


def _explain(
    check: Check, item: Item, answers: Answers, bank: Bank, rubric: Rubric, why_missing: Callable[[str], str]
) -> str:
    """What was seen in the first case that differs."""
    for case in check.cases:
        answer, expected = answers[case], bank.expected(item.name, case)
        if isinstance(answer, Unclear) or same(answer, expected, check.fields, rubric.tolerance):
            continue
        if not isinstance(answer, Reply) or not isinstance(expected, Reply):
            return messages.no_reply(answer, why_missing)
        found: list[Difference] = differences(answer, expected, check.fields, rubric.tolerance)
        return messages.different(found, answer, expected, rubric.fields, hidden=item.cases[case].bank == "hidden")
    return ""
