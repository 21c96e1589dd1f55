"""What a reproduction works with: a submission whose other items have been judged, and what is wrong in it replaced."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from autograder.grading.bank import Bank
from autograder.grading.examination import Clock, sliced
from autograder.grading.rubric import Item, Rubric
from autograder.grading.verdicts import Finding
from autograder.program import Outline, program_for
from autograder.sandbox.host import Sandbox
from autograder.sandbox.namespace import Source
from autograder.submission.notebook import Notebook


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One submission, read, and judged as far as its probed items go."""

    notebook: Notebook
    outline: Outline
    rubric: Rubric
    bank: Bank
    sandbox: Sandbox
    clock: Clock
    wrong: Collection[str]
    """The items that have lost points."""
    weights: tuple[Path, ...] = ()
    """Files with trained weights that came with the notebook."""

    def replaced(self, items: Sequence[str]) -> list[str]:
        """Those of the items whose code is the reference's, since the notebook's own is wrong."""
        return [item for item in items if item in self.wrong]

    def program(self, items: Sequence[str]) -> list[Source]:
        """The code of all these items together. Follow-through: of an item that has lost points the reference's comes
        last, and so is what counts."""
        own = [name for item in items if item not in self.wrong for name in self.rubric.item(item).needs]
        theirs = sliced(program_for(self.outline, own)) if own else []
        return theirs + [source for item in self.replaced(items) for source in self.bank.solution[item]]


class Reproduce(Protocol):
    """Judges the checks of an item that are `reproduced`."""

    say: Callable[[str], None]
    """Called with what is going on."""

    def __call__(self, item: Item, subject: Subject) -> Finding:
        """Raises SandboxError."""
        ...
