"""Reads the hostile corpus: the solved notebook with something added to one component, and what must come of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autograder.authoring import frames
from autograder.authoring.corpus import CorpusError
from autograder.grading.assignment import Assignment
from autograder.grading.rubric import Item, Rubric
from autograder.submission.notebook import Notebook


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say of an attack. No other item than the attacked may lose marks."""

    description: str
    """What the code does, for the reader of docs/security.md."""
    item: str
    """Into whose cell `attack.py` is put, at the end."""
    promise: str
    """Heading of docs/security.md under which the attack is listed."""
    loses_marks: bool = True
    """Whether the attacked item has to: not where the code is right besides, and harm that is prevented costs
    nothing."""
    says: tuple[str, ...] = ()
    """Texts that the item's feedback must hold."""
    never_says: tuple[str, ...] = ()
    """Texts that no visible feedback may hold."""
    slow: bool = False
    """Whether it takes the most time that it is given, beside others that do the like."""


class Attack(msgspec.Struct, frozen=True):
    """One case."""

    name: str
    source: str
    expected: Outcome

    def notebook(self, assignment: Assignment, rubric: Rubric) -> Notebook:
        """The solved notebook with the attack in it."""
        return frames.as_submission(attacked(assignment, rubric.item(self.expected.item), self.source))


def attacks(folder: Path) -> Iterator[Attack]:
    """The cases below the folder in alphabetical order. Raises CorpusError."""
    for path in sorted(folder.glob("*/expected.toml")):
        try:
            expected = msgspec.toml.decode(path.read_bytes(), type=Outcome)
            source = path.with_name("attack.py").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise CorpusError(f"{path.parent}: {error}") from None
        yield Attack(path.parent.name, source, expected)


def attacked(assignment: Assignment, item: Item, source: str) -> Any:
    """The solved notebook, in nbformat's form, with code added to an item's cell."""
    notebook = frames.generate(assignment, "solution")
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and frames.belongs(cell, item.name))
    cell.source += "\n\n" + source
    return notebook
