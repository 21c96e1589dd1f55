"""What a reproduction works with: a submission whose other items have been judged, and its own code alone."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec

from autograder.guest.namespace import Source
from autograder.student.grading.examination import Clock, sliced
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.grading.verdicts import Finding
from autograder.student.program import Submission, program_for
from autograder.student.sandbox.host import Sandbox


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, read, and judged as far as its probed items go."""

    submission: Submission
    rubric: Rubric
    sandbox: Sandbox
    clock: Clock
    wrong: Collection[str]
    """The items that have lost points."""

    def wrong_among(self, items: Sequence[str]) -> list[str]:
        """Those of the items that have lost points, by their titles."""
        return [self.rubric.item(item).title for item in items if item in self.wrong]

    def program(self, items: Sequence[str]) -> list[Source]:
        """The submission's code of all these items together, and nobody else's: the guest that runs it is the
        student's to look around in."""
        return sliced(
            program_for(self.submission.outline, [name for item in items for name in self.rubric.item(item).needs])
        )


class NotRun(msgspec.Struct, frozen=True):
    """Nothing was trained, or not to the end for want of time: then its points go to the other grades of evidence."""

    reason: str
    """For the student, a sentence."""
    needs_review: str = ""
    """Why a person should look at it."""


class Reproduce(Protocol):
    """Judges the checks of an item that are `reproduced`. It can be pickled: a class is graded by other processes."""

    say: Callable[[str], None]
    """Called with what is going on."""

    @property
    def items(self) -> Collection[str]:
        """Those that it can judge."""
        ...

    @property
    def work(self) -> float:
        """What one submission takes, in units of the sandbox's fixed piece of work."""
        ...

    def __call__(self, item: Item, subject: Subject) -> Finding | NotRun:
        """Raises SandboxError."""
        ...
