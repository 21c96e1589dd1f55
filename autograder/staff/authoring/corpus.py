"""Submissions whose verdict is known: a folder for each, the notebook in it and the expected verdict beside it as data.

CASE/notebook.py or notebook.ipynb
CASE/BASE.py            instead of these: what a student has changed in BASE, which is the solved notebook of a frame,
                        or a case of correct/ that has a notebook.py
CASE/expected.toml      description, full_marks = [items], loses_marks = [items], misconceptions = [slugs], ...

A BASE.py holds cells in jupytext's percent format. Each says where it goes: `replaces`, `removes`, `before` or `after`
is a text that exactly one cell of the base contains. What such a case does not lose it has: `full_marks` need not be
named.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jupytext
import msgspec

from autograder.staff.authoring import frames
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric
from autograder.student.submission.notebook import Notebook

PLACES = ("replaces", "removes", "before", "after")


class CorpusError(Exception):
    """A case is not complete; the message names it."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say. Items in neither list may have any score (the report items of notebooks without
    outputs)."""

    description: str
    full_marks: tuple[str, ...] = ()
    loses_marks: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """Texts that the feedback must hold."""
    never_says: tuple[str, ...] = ()
    """Texts that would be false."""
    score: float | None = None
    """The sum of all points."""
    cleared: bool = False
    """Whether it is handed in without outputs."""
    needs_python: str = ""
    """The first Python whose grammar accepts the notebook ("3.12")."""
    unread_before: tuple[str, ...] = ()
    """Items that a grader on an older Python cannot read and leaves to a person."""

    def here(self) -> "Expected":
        """What the grader must say on this Python."""
        needed = tuple(map(int, self.needs_python.split("."))) if self.needs_python else ()
        if sys.version_info[: len(needed)] >= needed:
            return msgspec.structs.replace(self, unread_before=())
        readable = tuple(item for item in self.full_marks if item not in self.unread_before)
        return msgspec.structs.replace(self, full_marks=readable)


@dataclass(frozen=True)
class Case:
    """One submission; its notebook is made when it is first asked for."""

    name: str
    expected: Expected
    node: Callable[[], Any] = field(repr=False)
    """A new nbformat node. Raises CorpusError."""
    frame: str = ""
    """Name of the given notebook that it is written in; "" where it brings its own."""

    def make(self) -> Notebook:
        """The notebook as grading reads it. Raises CorpusError."""
        return frames.as_submission(self.node())

    @cached_property
    def notebook(self) -> Notebook:
        """The notebook as grading reads it, made once."""
        return self.make()


class _Base(msgspec.Struct, frozen=True):
    """A notebook that cases change."""

    frame: str
    full_marks: frozenset[str]
    notebook: Callable[[], Any]
    """A new nbformat node."""


def cases(folder: Path, assignment: Assignment, rubric: Rubric) -> Iterator[Case]:
    """The cases below `folder` in alphabetical order. Raises CorpusError."""
    bases = _bases(folder.parent, assignment, rubric)
    for path in sorted(folder.glob("*/expected.toml")):
        expected = _expected(path)
        changes = [each for each in path.parent.glob("*.py") if each.stem in bases]
        if not changes:
            yield Case(path.parent.name, expected.here(), partial(_as_it_stands, path.parent))
            continue
        base = bases[changes[0].stem]
        full = expected.full_marks or tuple(sorted(base.full_marks - {*expected.loses_marks}))
        whole = msgspec.structs.replace(expected, full_marks=full).here()
        yield Case(path.parent.name, whole, partial(_changed, base, changes[0], expected), base.frame)


def _bases(corpus: Path, assignment: Assignment, rubric: Rubric) -> dict[str, _Base]:
    """The bases by name: the solved notebooks, and the whole notebooks of the correct cases."""
    bases = {
        frame.name: _Base(
            frame.name, frames.held(assignment, rubric, frame), partial(frames.generate, assignment, "solution", frame)
        )
        for frame in assignment.every_frame
    }
    for path in sorted(corpus.glob("correct/*/notebook.py")):
        full = frozenset(_expected(path.with_name("expected.toml")).full_marks)
        bases[path.parent.name] = _Base("", full, partial(jupytext.read, path, fmt="py:percent"))
    return bases


def _expected(path: Path) -> Expected:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Expected)
    except (OSError, msgspec.DecodeError) as error:
        raise CorpusError(f"{path}: {error}") from None


def _as_it_stands(folder: Path) -> Any:
    percent = folder / "notebook.py"
    return jupytext.read(percent, fmt="py:percent") if percent.exists() else jupytext.read(folder / "notebook.ipynb")


def _changed(base: _Base, changes: Path, expected: Expected) -> Any:
    """The base with a student's cells in it."""
    notebook = base.notebook()
    if expected.needs_python:
        notebook.metadata["language_info"] = {"name": "python", "version": expected.needs_python}
    for cell in notebook.cells:
        if expected.cleared and cell.cell_type == "code":
            cell.outputs = []
    for number, cell in enumerate(jupytext.read(changes, fmt="py:percent").cells):
        asked = [(place, cell.metadata[place]) for place in PLACES if place in cell.metadata]
        if len(asked) != 1:
            raise CorpusError(f"{changes}: a cell must have one of {', '.join(PLACES)}: {cell.source[:60]!r}")
        place, text = asked[0]
        found = [index for index, each in enumerate(notebook.cells) if text in each.source]
        if len(found) != 1:
            raise CorpusError(f"{changes}: {len(found)} cells of the base contain {text!r}, not one")
        start = found[0] + (place == "after")
        cell.id = f"changed-{number}"
        put_in = [] if place == "removes" else [cell]
        notebook.cells[start : start + (place in ("replaces", "removes"))] = put_in
    return notebook
