"""Submissions whose verdict is known: a folder for each, the notebook in it and the expected verdict beside it as data.

CASE/notebook.py or notebook.ipynb
CASE/FRAME.py           instead of these: what a student has changed in the solved notebook of a frame
CASE/expected.toml      description, full_marks = [items], loses_marks = [items], misconceptions = [slugs], ...

A FRAME.py holds cells in jupytext's percent format. Each says where it goes: `replaces`, `before` or `after` is a text
that exactly one cell of the frame contains. What such a case does not lose it has: `full_marks` need not be named.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import msgspec
import nbformat

from autograder.authoring import frames
from autograder.grading.assignment import Assignment
from autograder.grading.rubric import Rubric
from autograder.submission.notebook import Notebook, parse_notebook, read_notebook

PLACES = ("replaces", "before", "after")


class CorpusError(Exception):
    """A case is incomplete; the message names it."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say. Items named in neither list may have any score (the report items of notebooks without
    outputs)."""

    description: str
    full_marks: tuple[str, ...] = ()
    loses_marks: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """Texts that the feedback must hold."""
    never_says: tuple[str, ...] = ()
    """Texts that would be untrue."""
    score: float | None = None
    """All points together."""
    needs_python: str = ""
    """The first Python whose grammar the notebook is in ("3.12")."""
    unread_before: tuple[str, ...] = ()
    """Items which a grader on an older Python cannot read, and leaves to a person."""

    def here(self) -> "Expected":
        """What this Python's grader must say."""
        needed = tuple(map(int, self.needs_python.split("."))) if self.needs_python else ()
        if sys.version_info[: len(needed)] >= needed:
            return msgspec.structs.replace(self, unread_before=())
        readable = tuple(item for item in self.full_marks if item not in self.unread_before)
        return msgspec.structs.replace(self, full_marks=readable)


class Submitted(msgspec.Struct, frozen=True):
    """One case."""

    name: str
    notebook: Notebook
    expected: Expected
    frame: str = ""
    """Name of the frame that it was written in; "" where it brings one of its own."""


def cases(folder: Path, assignment: Assignment, rubric: Rubric) -> Iterator[Submitted]:
    """The cases below `folder` in alphabetical order. Raises CorpusError."""
    for path in sorted(folder.glob("*/expected.toml")):
        try:
            expected = msgspec.toml.decode(path.read_bytes(), type=Expected)
        except (OSError, msgspec.DecodeError) as error:
            raise CorpusError(f"{path}: {error}") from None
        frame = next((each for each in assignment.every_frame if (path.parent / f"{each.name}.py").exists()), None)
        if frame is None:
            yield Submitted(path.parent.name, _notebook(path.parent), expected.here())
        else:
            notebook = _changed(frame, path.parent / f"{frame.name}.py", assignment)
            yield Submitted(path.parent.name, notebook, _whole(expected, frame, assignment, rubric).here(), frame.name)


def _whole(expected: Expected, frame: Path, assignment: Assignment, rubric: Rubric) -> Expected:
    """With full marks on all that the frame asks for and the change is not said to cost."""
    held = frames.held(assignment, rubric, frame)
    return msgspec.structs.replace(expected, full_marks=tuple(sorted(held - {*expected.loses_marks})))


def _notebook(folder: Path) -> Notebook:
    percent = folder / "notebook.py"
    if not percent.exists():
        return read_notebook(folder / "notebook.ipynb")
    return parse_notebook(nbformat.writes(jupytext.read(percent, fmt="py:percent")).encode())


def _changed(frame: Path, changes: Path, assignment: Assignment) -> Notebook:
    """The frame's solved notebook with a student's cells put in."""
    notebook = frames.generate(assignment, "solution", frame)
    for cell in jupytext.read(changes, fmt="py:percent").cells:
        asked = [(place, cell.metadata[place]) for place in PLACES if place in cell.metadata]
        if len(asked) != 1:
            raise CorpusError(f"{changes}: a cell must have one of {', '.join(PLACES)}: {cell.source[:60]!r}")
        place, text = asked[0]
        found = [index for index, each in enumerate(notebook.cells) if text in each.source]
        if len(found) != 1:
            raise CorpusError(f"{changes}: {len(found)} cells of the frame contain {text!r}, not one")
        start = found[0] + (place == "after")
        cell.id = f"changed-{len(notebook.cells)}-{start}"
        notebook.cells[start : start + (place == "replaces")] = [cell]
    return frames.as_submission(notebook)
