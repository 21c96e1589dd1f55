"""Grades one submission, and keeps a valid results.json at every moment."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from autograder.guest.outcomes import Fault, fault
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import BankError
from autograder.student.grading.demonstrations import demonstrations
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.first_sight import first_sight
from autograder.student.grading.grade import grade, left_out, untouched
from autograder.student.grading.reading import read_submission
from autograder.student.grading.reproduction import Reproduce
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.grading.verdicts import Verdict
from autograder.student.output.results import (
    FIRST,
    GRADER_FAILED,
    LACKING,
    MEMORY,
    UNREADABLE,
    Results,
    ResultsFile,
    UnwritableResults,
    cannot_be_read,
    from_verdicts,
)
from autograder.student.program import Submission
from autograder.student.sandbox.bounded import Failed
from autograder.student.sandbox.host import Confinement, Sandbox, SandboxError
from autograder.student.sandbox.starting import start
from autograder.student.submission.locating import UnreadableSubmission
from autograder.student.submission.notebook import Notebook

TELL = "Please tell the course staff."
NOT_REACHED = "Grading has not reached this check. If this does not change, please tell the course staff."
OnItem = Callable[[Item, list[Verdict]], None]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How submissions are graded."""

    assignment: Assignment
    rubric: Rubric
    limits: Limits = Limits()
    confinement: Confinement = "best"
    standing: Callable[[Results], Results] | None = None
    """Adds to the results what goes beyond the notebook."""
    reproduce: Reproduce | None = None
    """Judges the rubric's `reproduced` checks."""

    def sandbox(self) -> Sandbox:
        """Opens a new sandbox. Raises SandboxError."""
        return start(self.rubric.environment, self.confinement)


def grade_submission(
    settings: Settings,
    place: Path,
    out: Path | None = None,
    *,
    notes: Sequence[str] = (),
    opening: Callable[[], AbstractContextManager[Sandbox]] | None = None,
    progress: OnItem = lambda *_: None,
) -> Results:
    """Grades a notebook, or the folder that holds one. Whatever happens, `out` then holds valid results, and they are
    returned. `notes`: sentences, without a full stop, about files that are no longer in that folder. `opening` returns
    a sandbox that has been started before. Raises UnwritableResults."""
    rubric = settings.rubric
    started = time.monotonic()
    file = ResultsFile(out) if out is not None else None
    places = {item.name: place for place, item in enumerate(rubric.items)}

    def publish(verdicts: Iterable[Verdict], output: str, extra: dict[str, Any]) -> Results:
        seconds = round(time.monotonic() - started, 1)
        verdicts = [*verdicts]
        ordered = sorted(
            (*verdicts, *demonstrations(verdicts, rubric, settings.assignment)),
            key=lambda verdict: places[verdict.item],
        )
        results = from_verdicts(ordered, output=output, extra=extra, execution_time=seconds)
        results = settings.standing(results) if settings.standing else results
        if file is not None:
            file.write(results)
        return results

    waiting = untouched(rubric, NOT_REACHED)
    results = publish(waiting, "Grading has begun.", {})
    done: list[Verdict] = []
    try:
        with opening() if opening else settings.sandbox() as sandbox:
            clock = Clock(settings.limits)
            submission = read_submission(place, weights=settings.reproduce is not None)
            output, extra = about(submission, rubric, notes)
            sandbox.peak_memory()  # from the submission before
            bank = settings.assignment.bank()
            for item, verdicts in grade(submission, rubric, bank, sandbox, clock, settings.reproduce):
                done += verdicts
                waiting = [verdict for verdict in waiting if verdict.item != item.name]
                extra[MEMORY] = max(extra.get(MEMORY, 0), round(sandbox.peak_memory()))
                results = publish([*done, *waiting], output, extra | confinement_of(sandbox))
                progress(item, verdicts)
    except UnreadableSubmission as error:
        results = unreadable(rubric, " ".join([str(error), *(f"{note}." for note in notes)]))
        results = settings.standing(results) if settings.standing else results
        if file is not None:
            file.write(results)
    except UnwritableResults:
        raise
    except Exception as error:
        failed = _failed(error)
        reason = f"The grader itself failed, through no fault of this submission: {failed.reason}. {TELL}"
        graded = {verdict.item for verdict in done}
        rest = [each for each in untouched(rubric, reason, failed.trace) if each.item not in graded]
        results = publish([*done, *rest], reason, {GRADER_FAILED: True})
    return results


def _failed(error: Exception) -> Fault:
    """A failure of a known kind needs no traceback."""
    if isinstance(error, SandboxError | BankError):
        return Fault(reason=str(error))
    return error.fault if isinstance(error, Failed) else fault(error)


def check_notebook(
    settings: Settings,
    notebook: Notebook,
    items: Collection[str],
    sandbox: Sandbox,
    progress: OnItem = lambda *_: None,
) -> Results:
    """The public checks of the named items, or of all items where none is named. Raises SandboxError and BankError."""
    started = time.monotonic()
    public = settings.rubric.public()
    chosen = public.only(items) if items else public
    submission = Submission.of(notebook)
    output, extra = about(submission, chosen)
    done: list[Verdict] = []
    for item, verdicts in grade(
        submission, chosen, settings.assignment.bank("public"), sandbox, Clock(settings.limits)
    ):
        done += verdicts
        progress(item, verdicts)
    extra |= confinement_of(sandbox)
    places = [item.name for item in chosen.items]
    done = sorted(
        (*done, *demonstrations(done, chosen, settings.assignment)), key=lambda verdict: places.index(verdict.item)
    )
    return from_verdicts(done, output=output, extra=extra, execution_time=round(time.monotonic() - started, 1))


def confinement_of(sandbox: Sandbox) -> dict[str, Any]:
    """Which layers confine the code, and which do not work on this machine."""
    return {"sandbox": sandbox.layers} | ({LACKING: [*sandbox.lacking]} if sandbox.lacking else {})


def unreadable(rubric: Rubric, reason: str) -> Results:
    """The results for a submission without a readable notebook: a single test that says why."""
    results = from_verdicts(untouched(rubric, ""), output=reason, extra={UNREADABLE: True})
    return msgspec.structs.replace(results, tests=(cannot_be_read(reason), *results.tests))


def about(submission: Submission, rubric: Rubric, notes: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """How the notebook was read, as markdown for the student and as data."""
    notes = [*(f"{note}." for note in notes), *submission.notebook.notes, *left_out(submission.outline, rubric)]
    listed = "\n".join(f"- {note}" for note in notes)
    read = f"How your notebook was read:\n\n{listed}" if notes else ""
    first = first_sight(submission, rubric)
    return "\n\n".join(filter(None, (first, read))), {"notes": notes} | ({FIRST: first} if first else {})
