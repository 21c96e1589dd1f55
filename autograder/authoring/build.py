"""Makes what is generated: the two notebooks and the banks."""

from collections.abc import Iterator
from pathlib import Path

from autograder.authoring import frames, misconceptions, recording
from autograder.grading.assignment import Assignment
from autograder.grading.rubric import Rubric
from autograder.sandbox.host import Zygote


def build_notebooks(assignment: Assignment) -> Iterator[Path]:
    """Writes the blank and the solved notebook and yields their paths."""
    made: dict[Path, frames.Version] = {assignment.blank: "template", assignment.solution: "solution"}
    for path, version in made.items():
        path.write_text(frames.text(frames.generate(assignment, version)), encoding="utf-8")
        yield path


def build_banks(assignment: Assignment, rubric: Rubric) -> Iterator[Path]:
    """Records the reference and all misconceptions and yields the files. Takes about half a minute."""
    with Zygote(rubric.environment) as zygote:
        recorded = recording.record(
            rubric, frames.submission(assignment, "solution"), misconceptions.recorded(assignment, rubric), zygote
        )
    yield from recording.write(recorded, assignment.banks)
