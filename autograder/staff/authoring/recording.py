"""Records the content of the banks: the reference and every misconception are examined in the same way as
submissions."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from autograder.guest.outcomes import Fault, Missing, Outcome, Raised, Reply
from autograder.staff.authoring.misconceptions import Mistake
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import Bank, BankError, Description
from autograder.student.grading.compare import same
from autograder.student.grading.examination import Clock, Limits, examine, sliced
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.program import Submission, outline, program_for
from autograder.student.sandbox.host import Sandbox
from autograder.student.submission.notebook import Notebook

REFERENCE = ""
"""The name of the reference, in place of a slug."""
ROUNDING = 1e-5
"""How far two values may differ that are the same on another processor, relative to the greatest value of their
array."""


class RecordingError(Exception):
    """The reference cannot be recorded; the message names the case."""


class Recording(msgspec.Struct, frozen=True):
    """All replies, before they are divided into banks."""

    replies: dict[str, dict[str, Outcome]]
    """Maps "item.case" to the outcomes, by REFERENCE or slug."""
    descriptions: dict[str, Description]
    """The words of the misconceptions, by slug."""
    work: dict[str, int]
    """Maps an item to the time that the reference takes, in units of the machine's own speed (`Sandbox.unit`), rounded
    up."""


def known(assignment: Assignment, rubric: Rubric, solution: Notebook, sandbox: Sandbox) -> dict[str, list[float]]:
    """Maps a name to numbers: what the assignment's module of that name records of the solved notebook. Raises
    RecordingError and SandboxError."""
    names = [name for item in rubric.items for name in item.needs]
    with sandbox.open(
        assignment.module(assignment.known), sliced(program_for(outline(solution), names)), Limits().item
    ) as session:
        outcome = session.ask("record", {})
    if not isinstance(outcome, Reply):
        raise RecordingError(f"{assignment.known} could not record: {outcome}")
    return {name: [float(f"{each:.6g}") for each in array.ravel()] for name, array in outcome.arrays.items()}


def record(
    rubric: Rubric,
    solution: Notebook,
    mistakes: Iterable[Mistake],
    sandbox: Sandbox,
    *,
    before: Bank | None = None,
    only: Collection[str] = (),
    reduced: Callable[[Outcome], Outcome] = lambda outcome: outcome,
) -> Recording:
    """Puts the questions to the solved notebook, and to each misconception those of its item.

    `before`: the last recording. Replies that are the same up to rounding are taken from it, so that another processor
    makes the same files, and a changed misconception changes only its own lines. `only`: the items to record anew, all
    where none is named. `reduced`: what is kept of a reply.

    Raises RecordingError where the reference itself does not reply, or lacks a field that a check compares.
    """
    replies: dict[str, dict[str, Outcome]] = {}
    work: dict[str, int] = {}
    mistakes, unit = list(mistakes), sandbox.unit
    for item in rubric.items:
        if not item.probes:
            continue
        if only and item.name not in only:
            work[item.name], known = _kept(item, before)
            replies |= known
            continue
        started = time.monotonic()
        told = {REFERENCE: _ask(item, solution, sandbox)}
        work[item.name] = _steady_work((time.monotonic() - started) / unit, item, before)
        _check(item, told[REFERENCE], rubric)
        told |= {
            each.slug: _ask(item, each.notebook, sandbox) for each in mistakes if each.description.item == item.name
        }
        for case in item.cases:
            key = f"{item.name}.{case}"
            replies[key] = {
                who: _unsourced(_settled(reduced(answers[case]), who, item, case, before))
                for who, answers in told.items()
            }
    return Recording(replies, {mistake.slug: mistake.description for mistake in mistakes}, work)


def _ask(item: Item, notebook: Notebook, sandbox: Sandbox) -> Mapping[str, Outcome]:
    answers = examine(item, item.cases, Submission.of(notebook), sandbox, Clock(Limits()))
    clear: dict[str, Outcome] = {}
    for case, answer in answers.items():
        if isinstance(answer, Fault):
            raise RecordingError(f"the probe of {item.name}.{case} failed: {answer.reason}\n{answer.trace}".strip())
        clear[case] = answer
    return clear


def _check(item: Item, reference: Mapping[str, Outcome], rubric: Rubric) -> None:
    """Checks that the reference replies with the fields that the checks compare, and with no field that has no
    description."""
    for case, outcome in reference.items():
        where = f"{item.name}.{case}"
        if not isinstance(outcome, Reply):
            raise RecordingError(f"the reference does not reply to {where}: {outcome}")
        returned = {*outcome.facts, *outcome.arrays}
        if unknown := sorted(returned - set(rubric.fields)):
            raise RecordingError(f"{where}: the field {unknown[0]!r} of the reply has no description under [fields]")
        for check in item.checks:
            if case in check.cases and (absent := [each for each in check.fields if each not in returned]):
                raise RecordingError(
                    f"{where}: the check {check.name!r} compares the field {absent[0]!r}, which the probe never returns"
                )


def _recorded(item: Item, case: str, before: Bank | None) -> dict[str, Outcome]:
    if before is None:
        return {}
    try:
        return {REFERENCE: before.expected(item.name, case), **before.mistaken(item.name, case)}
    except BankError:
        return {}


def _settled(fresh: Outcome, who: str, item: Item, case: str, before: Bank | None) -> Outcome:
    """The outcome of the last recording, where it is the same."""
    old = _recorded(item, case, before).get(who)
    if isinstance(fresh, Reply) and isinstance(old, Reply):
        fields = {*fresh.facts, *fresh.arrays}
        unchanged = fields == {*old.facts, *old.arrays} and same(fresh, old, fields, ROUNDING)
    else:
        unchanged = old is not None and same(fresh, old, (), ROUNDING)
    return old if unchanged and old is not None else fresh


def _unsourced(outcome: Outcome) -> Outcome:
    """The outcome without the lines that raised: these are the solution's, and students have the public bank."""
    if isinstance(outcome, Missing) and outcome.cause is not None:
        return msgspec.structs.replace(outcome, cause=_unsourced(outcome.cause))
    return msgspec.structs.replace(outcome, frames=(), by_grader=False) if isinstance(outcome, Raised) else outcome


def _kept(item: Item, before: Bank | None) -> tuple[int, dict[str, dict[str, Outcome]]]:
    """All recorded outcomes of an item. Raises RecordingError where one of them was never recorded."""
    known = {f"{item.name}.{case}": _recorded(item, case, before) for case in item.cases}
    if before is None or item.name not in before.work or not all(known.values()):
        raise RecordingError(f"{item.name} has not been recorded as the rubric has it; build the banks of all items")
    return before.work[item.name], known


def _steady_work(units: float, item: Item, before: Bank | None) -> int:
    """Rounded up to a power of four, or as before where that roughly fits: times differ from run to run, and the bank
    should not."""
    old = before.work.get(item.name) if before is not None else None
    if old is not None and old / 16 <= units <= 2 * old:
        return old
    return int(4 ** math.ceil(math.log(max(units, 1.0), 4)))
