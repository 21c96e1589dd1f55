"""The input of a reproduction: a submission whose other items have been judged, and its own code only."""

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
    """One submission, read, with its probed items judged."""

    submission: Submission
    rubric: Rubric
    sandbox: Sandbox
    clock: Clock
    wrong: Collection[str]
    """The names of the items that have lost points."""

    def wrong_among(self, items: Sequence[str]) -> list[str]:
        """The titles of those of these items that have lost points."""
        return [self.rubric.item(item).title for item in items if item in self.wrong]

    def program(self, items: Sequence[str]) -> list[Source]:
        """The submission's code of all these items together. It holds nothing of anybody else: the student's code can
        look around in the guest that runs it."""
        return sliced(
            program_for(self.submission.outline, [name for item in items for name in self.rubric.item(item).needs])
        )


class NotRun(msgspec.Struct, frozen=True):
    """Nothing was trained, or not to the end because time ran out. Then its points go to the other grades of
    evidence."""

    reason: str
    """For the student, a sentence."""
    needs_review: str = ""
    """Why a person should look at it."""


class Reproduce(Protocol):
    """Judges an item's `reproduced` checks. It can be pickled, because a class is graded by several processes."""

    say: Callable[[str], None]
    """Called with a text that says what is going on."""

    @property
    def items(self) -> Collection[str]:
        """The names of the items that it can judge."""
        ...

    @property
    def work(self) -> float:
        """The time that one submission takes, in units of the sandbox's fixed piece of work."""
        ...

    def __call__(self, item: Item, subject: Subject) -> Finding | NotRun:
        """Judges them. Raises SandboxError."""
        ...
