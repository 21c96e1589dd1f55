"""Grades one submission and keeps a valid results.json at every moment."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from autograder.guest.outcomes import Fault, fault
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import BankError
from autograder.student.grading.cells import cells
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade, left_out, untouched
from autograder.student.grading.reading import Submitted, read_submission
from autograder.student.grading.reproduction import Reproduce
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.grading.verdicts import Verdict
from autograder.student.output.results import (
    GRADER_FAILED,
    MEMORY,
    UNREADABLE,
    Results,
    ResultsFile,
    UnwritableResults,
    from_verdicts,
)
from autograder.student.program import outline
from autograder.student.sandbox.bounded import Failed
from autograder.student.sandbox.host import Sandbox, SandboxError
from autograder.student.sandbox.starting import start
from autograder.student.submission.finding import UnreadableSubmission, find_weights
from autograder.student.submission.notebook import Notebook

TELL = "Tell the course staff."
NOT_REACHED = "Grading did not get to this check. If this stays so, tell the course staff."
Progress = Callable[[Item, list[Verdict]], None]


def grade_submission(
    assignment: Assignment,
    submission: Path,
    out: Path | None,
    rubric: Rubric,
    *,
    limits: Limits,
    opening: Callable[[], AbstractContextManager[Sandbox]] | None = None,
    standing: Callable[[Results], Results] = lambda results: results,
    reproduce: Reproduce | None = None,
    progress: Progress = lambda *_: None,
) -> Results:
    """Grades a notebook, or the folder that holds one. Whatever happens, `out` then holds valid results and they are
    returned. `opening` gives the sandbox, the best one that this machine has where it is not there; `standing` puts in
    what goes beyond the notebook, `reproduce` judges what the rubric has reproduced. Raises UnwritableResults."""
    started = time.monotonic()
    file = ResultsFile(out) if out is not None else None
    places = {item.name: place for place, item in enumerate(rubric.items)}

    def publish(verdicts: Iterable[Verdict], output: str, extra: dict[str, Any]) -> Results:
        seconds = round(time.monotonic() - started, 1)
        verdicts = [*verdicts]
        ordered = sorted((*verdicts, *cells(verdicts, rubric, assignment)), key=lambda verdict: places[verdict.item])
        results = standing(from_verdicts(ordered, output=output, extra=extra, execution_time=seconds))
        if file is not None:
            file.write(results)
        return results

    waiting = untouched(rubric, NOT_REACHED)
    results = publish(waiting, "Grading has begun.", {})
    done: list[Verdict] = []
    try:
        with opening() if opening else start(rubric.environment) as sandbox:
            clock = Clock(limits)
            submitted = read_submission(submission)
            output, extra = about(submitted, rubric)
            sandbox.peak_memory()  # of the submission before
            for item, verdicts in _graded(assignment, submission, submitted, rubric, sandbox, clock, reproduce):
                done += verdicts
                waiting = [verdict for verdict in waiting if verdict.item != item.name]
                extra[MEMORY] = max(extra.get(MEMORY, 0), round(sandbox.peak_memory()))
                results = publish([*done, *waiting], output, extra | {"sandbox": sandbox.layers})
                progress(item, verdicts)
    except UnreadableSubmission as error:
        results = publish(untouched(rubric, str(error)), str(error), {UNREADABLE: True})
    except UnwritableResults:
        raise
    except Exception as error:
        failed = _failed(error)
        reason = f"The grader itself failed, through no fault of this submission: {failed.reason}. {TELL}"
        graded = {verdict.item for verdict in done}
        rest = [each for each in untouched(rubric, reason, failed.trace) if each.item not in graded]
        results = publish([*done, *rest], reason, {GRADER_FAILED: True})
    return results


def _graded(
    assignment: Assignment,
    submission: Path,
    submitted: Submitted,
    rubric: Rubric,
    sandbox: Sandbox,
    clock: Clock,
    reproduce: Reproduce | None,
) -> Iterator[tuple[Item, list[Verdict]]]:
    bank = assignment.bank()
    weights = find_weights(submission) if reproduce is not None else ()
    return grade(submitted.notebook, rubric, bank, sandbox, clock, reproduce, weights, submitted.outline)


def _failed(error: Exception) -> Fault:
    """What is known to go wrong needs no traceback."""
    if isinstance(error, SandboxError | BankError):
        return Fault(reason=str(error))
    return error.fault if isinstance(error, Failed) else fault(error)


def check_notebook(
    assignment: Assignment,
    notebook: Notebook,
    items: tuple[str, ...],
    rubric: Rubric,
    sandbox: Sandbox,
    *,
    limits: Limits,
    progress: Progress = lambda *_: None,
) -> Results:
    """The public checks of the named items, of all where none is named. Raises SandboxError and BankError."""
    started = time.monotonic()
    public = rubric.public()
    chosen = msgspec.structs.replace(
        public, items=tuple(item for item in public.items if not items or item.name in items)
    )
    submitted = Submitted(notebook, outline(notebook))
    output, extra = about(submitted, chosen)
    done: list[Verdict] = []
    bank = assignment.bank("public")
    for item, verdicts in grade(notebook, chosen, bank, sandbox, Clock(limits), read=submitted.outline):
        done += verdicts
        progress(item, verdicts)
    extra["sandbox"] = sandbox.layers
    places = [item.name for item in chosen.items]
    done = sorted((*done, *cells(done, chosen, assignment)), key=lambda verdict: places.index(verdict.item))
    return from_verdicts(done, output=output, extra=extra, execution_time=round(time.monotonic() - started, 1))


def about(submitted: Submitted, rubric: Rubric) -> tuple[str, dict[str, Any]]:
    """How the notebook was read, as markdown for the student and as data."""
    notes = [*submitted.notebook.notes, *left_out(submitted.outline, rubric)]
    listed = "\n".join(f"- {note}" for note in notes)
    return (f"How your notebook was read:\n\n{listed}" if notes else ""), {"notes": notes}
