"""Everything about one item's verdicts: questions, replies and expected replies, also the hidden ones. For the course
staff when a student appeals."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from autograder.guest.outcomes import Array, Ended, Fault, Missing, Outcome, Raised, Reply
from autograder.student.grading.bank import Bank, slug_of
from autograder.student.grading.compare import ABSENT, differences, same
from autograder.student.grading.examination import Clock, examine
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import Case, Check, Item, Rubric
from autograder.student.grading.verdicts import Verdict
from autograder.student.program import Submission
from autograder.student.sandbox.host import Sandbox

SHOWN = 6
"""How many values of an array are shown."""


class Field(msgspec.Struct, frozen=True):
    """One field that a check compares."""

    name: str
    expected: str
    got: str
    same: bool
    difference: str = ""
    """For arrays: "3 of 10 values, by up to 0.5"."""


class CaseShown(msgspec.Struct, frozen=True):
    """One case of a check."""

    case: str
    bank: str
    probe: str
    arguments: dict[str, Any]
    outcome: str
    """"reply", or what came instead."""
    fields: tuple[Field, ...]
    like: tuple[str, ...]
    """Misconceptions with the same wrong answer, in what the check compares."""


class Explanation(msgspec.Struct, frozen=True):
    """One check: the verdict, and its grounds. A check that reads the notebook's text has no answers."""

    verdict: Verdict
    answers: tuple[CaseShown, ...]


def explain(
    submission: Submission, item: Item, rubric: Rubric, bank: Bank, sandbox: Sandbox, clock: Clock
) -> Iterator[Explanation]:
    """The item's checks in the rubric's order; only this item is graded, anew. Raises SandboxError and BankError."""
    alone = rubric.only([item.name])
    verdicts = {
        verdict.check: verdict for _, each in grade(submission, alone, bank, sandbox, clock) for verdict in each
    }
    cases = dict.fromkeys(case for check in item.checks for case in check.cases)
    outcomes = examine(item, cases, submission, sandbox, clock) if item.probes else {}
    for check in item.checks:
        if check.name in verdicts:
            answers = (_answer(item, check, case, outcomes[case], bank, rubric.tolerance) for case in check.cases)
            yield Explanation(verdicts[check.name], tuple(answers))


def _answer(item: Item, check: Check, case: str, outcome: Outcome, bank: Bank, tolerance: float) -> CaseShown:
    asked: Case = item.cases[case]
    expected = bank.expected(item.name, case)
    fields: tuple[Field, ...] = ()
    like: list[str] = []
    names = (*check.fields, *check.clues)
    if not same(outcome, expected, names, tolerance):
        mistaken = bank.mistaken(item.name, case).items()
        like = [slug for slug, each in mistaken if same(outcome, each, names, tolerance)]
    if isinstance(outcome, Reply) and isinstance(expected, Reply):
        fields = tuple(_fields(outcome, expected, names, tolerance))
    return CaseShown(
        case=case,
        bank=asked.bank,
        probe=asked.probe,
        arguments=asked.arguments,
        outcome=_described(outcome),
        fields=fields,
        like=tuple(dict.fromkeys(map(slug_of, like))),
    )


def _fields(got: Reply, expected: Reply, names: Iterable[str], tolerance: float) -> Iterator[Field]:
    for name in names:
        [*found] = differences(got, expected, (name,), tolerance)
        far = f"{found[0].places} values, by up to {found[0].distance:.4g}" if found and found[0].places else ""
        yield Field(name, _value(expected, name), _value(got, name), not found, far)


def _value(reply: Reply, name: str) -> str:
    if name not in reply.arrays:
        return str(reply.facts.get(name, ABSENT))
    array: Array = reply.arrays[name]
    values = ", ".join(f"{value:.5g}" for value in array.reshape(-1)[:SHOWN].tolist())
    return f"{list(array.shape)}: {values}" + (", ..." if array.size > SHOWN else "")


def _described(outcome: Outcome) -> str:
    match outcome:
        case Reply():
            return "reply"
        case Raised():
            return f"raised {outcome.kind}: {outcome.text}" + (f" ({outcome.where})" if outcome.where else "")
        case Missing():
            return f"no {outcome.name}" + (f": {_described(outcome.cause)}" if outcome.cause else "")
        case Ended():
            return outcome.reason
        case Fault():
            return f"the grader failed: {outcome.reason}"
