"""Makes the generated files: the two notebooks, the numbers that probes know, and the banks."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec

from autograder.staff.authoring import banks, frames, misconceptions, recording
from autograder.student.assignment import Assignment
from autograder.student.grading import bank
from autograder.student.grading.bank import Bank, BankError
from autograder.student.grading.rubric import Rubric
from autograder.student.grading.sketch import sketched
from autograder.student.sandbox.starting import start


def build_notebooks(assignment: Assignment) -> Iterator[Path]:
    """Writes the blank and the solved notebook, and, for readers, the figures in the texts of all given notebooks.
    Yields the paths. Raises FrameError."""
    versions: dict[Path, frames.Version] = {assignment.blank: "template", assignment.solution: "solution"}
    made = {
        path: frames.text(frames.generate(assignment, version)).encode("utf-8") for path, version in versions.items()
    }
    if assignment.readers:
        made[assignment.handed_out] = "".join(f"{line}\n" for line in frames.handed_out(assignment)).encode("utf-8")
    yield from banks.replace_all(made)


def build_known(assignment: Assignment, rubric: Rubric) -> Iterator[Path]:
    """Records the numbers of the reference that probes know, in a guest that has only the reference's own code, and
    yields the file. The banks have to be built after it. Raises RecordingError, FrameError and SandboxError."""
    if not assignment.known:
        return
    with start(rubric.environment) as sandbox:
        numbers = recording.known(assignment, rubric, frames.submission(assignment, "solution"), sandbox)
    path = assignment.folder.joinpath(*assignment.known.split(".")).with_suffix(".json")
    text = msgspec.json.format(msgspec.json.encode(numbers, order="sorted"), indent=-1) + b"\n"
    yield from banks.replace_all({path: text})


def build_banks(assignment: Assignment, rubric: Rubric, items: Collection[str] = ()) -> Iterator[Path]:
    """Records the reference and all misconceptions, of the named items or of all, and yields the files.

    All of them take about half a minute. Raises RecordingError, MisconceptionError, FrameError and SandboxError.
    """
    mistakes = misconceptions.recorded(assignment, rubric)
    with start(rubric.environment) as sandbox:
        recorded = recording.record(
            rubric,
            frames.submission(assignment, "solution"),
            mistakes,
            sandbox,
            before=_before(assignment),
            only=items,
        )
    yield from banks.write(banks.divided(recorded, rubric), assignment.bank_at)


def build_pairs(assignment: Assignment, rubric: Rubric, items: Collection[str] = ()) -> Iterator[Path]:
    """Records every two misconceptions of a component at once, as sketches, of the named items or of all, and yields
    the files.

    All of them take some ten minutes. Raises RecordingError, MisconceptionError, FrameError and SandboxError.
    """
    mistakes = [each for item in rubric.items for each in misconceptions.pairs(assignment, item.name)]
    with start(rubric.environment) as sandbox:
        recorded = recording.record(
            rubric,
            frames.submission(assignment, "solution"),
            mistakes,
            sandbox,
            before=_before(assignment, bank.of_pairs),
            only=items,
            reduced=sketched,
        )
    yield from banks.write(banks.of_pairs(recorded, rubric), assignment.bank_at)


def _before(assignment: Assignment, kind: Callable[[str], str] = str) -> Bank | None:
    try:
        return Bank.read(assignment.bank_at(kind(name)) for name in ("public", "hidden"))
    except BankError:
        return None
