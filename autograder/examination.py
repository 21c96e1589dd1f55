"""Puts an item's cases to a notebook: one guest for each item, so that nothing that one item does can touch another."""

import time
from collections.abc import Iterable, Mapping

import msgspec

from autograder import readings
from autograder.notebook import Notebook
from autograder.program import Outline, program_for
from autograder.readings import Unclear
from autograder.rubric import Case, Item
from autograder.sandbox.host import Zygote
from autograder.sandbox.namespace import Source
from autograder.sandbox.outcomes import Ended, Outcome, Reply

READING = "reading:"


class Limits(msgspec.Struct, frozen=True):
    """Seconds of wall-clock time."""

    item: float = 90.0
    total: float = 540.0
    """Gradescope stops everything after 600 s and then gives 0."""


class Clock:
    """What is left of the time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.total

    def for_item(self) -> float:
        """Seconds that the next item may take, 0 where the time is used up."""
        return max(0.0, min(self._limits.item, self._end - time.monotonic()))


def examine(
    item: Item, cases: Iterable[str], notebook: Notebook, outline: Outline, zygote: Zygote, clock: Clock
) -> Mapping[str, Outcome | Unclear]:
    """The outcome of each case; what ends the guest is the outcome of all cases after it. Raises SandboxError."""
    asked = {name: item.cases[name] for name in cases}
    answers: dict[str, Outcome | Unclear] = {
        name: getattr(readings, case.probe.removeprefix(READING))(notebook, outline)
        for name, case in asked.items()
        if case.probe.startswith(READING)
    }
    probed = {name: case for name, case in asked.items() if name not in answers}
    if probed:
        answers |= _probe(item, probed, outline, zygote, clock.for_item())
    return answers


def _probe(
    item: Item, cases: Mapping[str, Case], outline: Outline, zygote: Zygote, seconds: float
) -> dict[str, Outcome | Unclear]:
    if seconds <= 0:
        return dict.fromkeys(cases, Ended(reason="the time for grading was used up by the items before this one"))
    program = program_for(outline, item.needs)
    sources = [
        Source(statement.cell, statement.line, statement.source, tuple(sorted(statement.binds)), left_out)
        for left_out, statements in ((True, program.left_out), (False, program.statements))
        for statement in statements
    ]
    with zygote.open(item.probes, sources, seconds) as session:
        if not isinstance(session.loaded, Reply):
            return dict.fromkeys(cases, session.loaded)
        return {name: session.ask(case.probe, case.arguments) for name, case in cases.items()}
