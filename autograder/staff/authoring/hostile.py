"""Reads the hostile corpus: the solved notebook with something added to one component, or with hostile files in its
place or beside it, and the verdict that it must have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from autograder.staff.authoring import frames
from autograder.staff.authoring.corpus import CorpusError
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.submission.notebook import Notebook

Expected = TypeVar("Expected")


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say of an attack. No item but the attacked one may lose marks."""

    description: str
    """What the code does, for readers of docs/security.md."""
    item: str
    """The item at the end of whose cell `attack.py` is put."""
    promise: str
    """Heading of docs/security.md under which the attack is listed."""
    loses_marks: bool = True
    """Whether the attacked item has to lose marks. It does not where its code is right and the harm is prevented."""
    says: tuple[str, ...] = ()
    """Texts that the item's feedback must hold."""
    never_says: tuple[str, ...] = ()
    """Texts that no visible feedback may hold."""
    slow: bool = False
    """Whether it takes the most time that it is given, as other cases of its kind do."""


class Attack(msgspec.Struct, frozen=True):
    """One case."""

    name: str
    source: str
    expected: Outcome

    def notebook(self, assignment: Assignment, rubric: Rubric) -> Notebook:
        """The solved notebook with the attack in it."""
        return frames.as_submission(attacked(assignment, rubric.item(self.expected.item), self.source))


def attacks(folder: Path) -> Iterator[Attack]:
    """The cases of code below the folder in alphabetical order. Raises CorpusError."""
    for name, source, expected in _cases(folder, "attack.py", Outcome):
        yield Attack(name, source, expected)


class Reception(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say of hostile files."""

    description: str
    """What is handed in, for readers of docs/security.md."""
    promise: str
    """Heading of docs/security.md under which the case is listed."""
    score: float
    """The score, out of 10."""
    says: tuple[str, ...] = ()
    """Texts that the feedback must hold."""
    never_says: tuple[str, ...] = ()
    """Texts that the feedback must not hold."""
    slow: bool = False
    """Whether the whole notebook is graded, as in other cases of its kind."""


class HandIn(msgspec.Struct, frozen=True):
    """One case."""

    name: str
    source: str
    expected: Reception

    def make(self, folder: Path, notebook: bytes, mark: Path) -> None:
        """Fills the folder, with the function `hand_in` of the source. The function gets the solved notebook, and a
        path. Code that it hands in makes a file at that path if it is executed."""
        names: dict[str, Any] = {}
        exec(compile(self.source, f"{self.name}/hand_in.py", "exec"), names)
        names["hand_in"](folder, notebook, mark)


def hand_ins(folder: Path) -> Iterator[HandIn]:
    """The cases of files below the folder in alphabetical order. Raises CorpusError."""
    for name, source, expected in _cases(folder, "hand_in.py", Reception):
        yield HandIn(name, source, expected)


def attacked(assignment: Assignment, item: Item, source: str) -> Any:
    """The solved notebook, in nbformat's form, with code added to an item's cell."""
    notebook = frames.generate(assignment, "solution")
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and frames.belongs(cell, item.name))
    cell.source += "\n\n" + source
    return notebook


def _cases(folder: Path, file: str, kind: type[Expected]) -> Iterator[tuple[str, str, Expected]]:
    for path in sorted(folder.glob(f"*/{file}")):
        try:
            expected = msgspec.toml.decode(path.with_name("expected.toml").read_bytes(), type=kind)
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise CorpusError(f"{path.parent}: {error}") from None
        yield path.parent.name, source, expected
