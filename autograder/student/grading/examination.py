"""Puts an item's cases to a notebook: one guest for each item, so that no item can touch another."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Ended, Fault, Outcome, Raised, Reply, fault
from autograder.student.grading.rubric import Case, Item, named
from autograder.student.program import STOPS, Outline, Program, Statement, Submission, program_for
from autograder.student.sandbox.bounded import SECONDS, Exhausted, Failed, bounded
from autograder.student.sandbox.host import Sandbox

LEAST_SECONDS = 10.0
PATIENCE = 10.0
"""How many times longer than the reference an honest solution may take."""
USED_UP = Ended(reason="the items before this one used up the time for grading")


class Limits(msgspec.Struct, frozen=True):
    """Seconds of wall-clock time."""

    item: float = 90.0
    """The most seconds for one guest, on a machine however slow."""
    total: float = 540.0
    """Gradescope stops everything after 600 s, and then gives 0 points."""


class Clock:
    """Keeps count of the time that is left."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.total

    @property
    def left(self) -> float:
        """Seconds for everything that still has to be done."""
        return max(0.0, self._end - time.monotonic())

    def for_item(self, usual: float | None) -> float:
        """Seconds that the next guest may take, 0 where the time is used up. `usual` is the time that the reference
        takes here; None where it is not known."""
        patience = self._limits.item if usual is None else max(LEAST_SECONDS, PATIENCE * usual)
        return min(patience, self._limits.item, self.left)

    def for_reading(self) -> float:
        """Seconds that one reading of the text may take."""
        return min(SECONDS, self.left)


def examine(
    item: Item,
    cases: Iterable[str],
    submission: Submission,
    sandbox: Sandbox,
    clock: Clock,
    *,
    usual: float | None = None,
    harmful: Collection[str] = (),
) -> Mapping[str, Outcome]:
    """The outcome of each case. Where something ends the guest, that is also the outcome of all later cases. Raises
    SandboxError.

    `usual`: seconds that the reference takes on this machine. `harmful`: names whose code has ended a guest before; an
    item that only uses them does not run them again.
    """
    groups: dict[str, dict[str, Case]] = {}
    # What students see comes from public cases; the hidden cases are put after these are answered.
    for name in sorted(cases, key=lambda name: item.cases[name].bank == "hidden"):
        groups.setdefault(item.cases[name].probes, {})[name] = item.cases[name]
    answers: dict[str, Outcome] = {}
    for probes, asked in groups.items():
        avoided = set(harmful) - {*item.needs[:1]}
        sources = _whole(submission.outline) if probes else sliced(program_for(submission.outline, item.needs))
        sources = [_without(avoided, source) for source in sources]
        outcomes = _probe(probes or item.probes, sources, asked, sandbox, clock.for_item(usual))
        answers |= _interpreted(outcomes, asked, submission, clock)
    return answers


def _interpreted(
    outcomes: Mapping[str, Outcome], cases: Mapping[str, Case], submission: Submission, clock: Clock
) -> Mapping[str, Outcome]:
    """The outcomes, interpreted where their cases ask for it. One process does it for all cases, because it takes time
    to begin."""
    asked = {
        name: cases[name].interpreter
        for name, outcome in outcomes.items()
        if cases[name].interpreter and not isinstance(outcome, Fault)
    }
    seconds = clock.for_reading()
    if not asked:
        return outcomes
    if seconds <= 0:
        return {**outcomes, **dict.fromkeys(asked, USED_UP)}
    try:
        functions = {name: named(interpreter) for name, interpreter in asked.items()}
        said: dict[str, Outcome] = bounded(
            _interpret, functions, outcomes, submission, answer=dict[str, Outcome], seconds=seconds
        )
    except Exhausted as error:
        unread = Raised("Unusable", f"This part of the code cannot be read, since {error}.", by_grader=True)
        return {**outcomes, **dict.fromkeys(asked, unread)}
    except Failed as failed:
        return {**outcomes, **dict.fromkeys(asked, failed.fault)}
    except Exception as error:
        return {**outcomes, **dict.fromkeys(asked, fault(error))}
    return {**outcomes, **said}


def _interpret(
    functions: Mapping[str, Callable[[Outcome, Submission], Outcome]],
    outcomes: Mapping[str, Outcome],
    submission: Submission,
) -> dict[str, Outcome]:
    """Runs in a process with limits. A failure of one interpreter is that of its case only."""
    said: dict[str, Outcome] = {}
    for name, function in functions.items():
        try:
            said[name] = function(outcomes[name], submission)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:
            said[name] = fault(error)
    return said


def _probe(
    probes: str, sources: Sequence[Source], cases: Mapping[str, Case], sandbox: Sandbox, seconds: float
) -> dict[str, Outcome]:
    if seconds <= 0:
        return dict.fromkeys(cases, USED_UP)
    with sandbox.open(probes, sources, seconds) as session:
        if not isinstance(session.loaded, Reply):
            return dict.fromkeys(cases, session.loaded)
        return {name: session.ask(case.probe, case.arguments) for name, case in cases.items()}


def sliced(program: Program) -> list[Source]:
    """The program for a guest: first what it does not run."""
    return [_source(each, left_out=True) for each in program.left_out] + [_source(each) for each in program.statements]


def _without(names: set[str], source: Source) -> Source:
    return msgspec.structs.replace(source, left_out=True) if names & {*source.binds} else source


def _whole(outline: Outline) -> list[Source]:
    """Everything except the names that would end the guest."""
    return [_source(each, left_out=each.acts == STOPS) for each in outline.statements]


def _source(statement: Statement, *, left_out: bool = False) -> Source:
    return Source(statement.cell, statement.line, statement.source, tuple(sorted(statement.binds)), left_out)
