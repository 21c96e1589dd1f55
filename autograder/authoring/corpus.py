"""Submissions whose verdict is known: a folder for each, the notebook in it and the expected verdict beside it as data.

CASE/notebook.py or notebook.ipynb
CASE/expected.toml      description, full_marks = [items], loses_marks = [items], misconceptions = [slugs], ...
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from autograder.submission.notebook import Notebook, parse_notebook, read_notebook


class CorpusError(Exception):
    """A case is incomplete; the message names it."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What grading must say. Items named in neither list may have any score (the report items of notebooks without
    outputs)."""

    description: str
    full_marks: tuple[str, ...] = ()
    loses_marks: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()
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


def cases(folder: Path) -> Iterator[Submitted]:
    """The cases below `folder` in alphabetical order. Raises CorpusError."""
    for path in sorted(folder.glob("*/expected.toml")):
        yield read_case(path.parent)


def read_case(folder: Path) -> Submitted:
    """One case; a notebook.py is a jupytext percent file. Raises CorpusError."""
    try:
        expected = msgspec.toml.decode((folder / "expected.toml").read_bytes(), type=Expected)
    except (OSError, msgspec.DecodeError) as error:
        raise CorpusError(f"{folder}: {error}") from None
    return Submitted(folder.name, _notebook(folder), expected.here())


def _notebook(folder: Path) -> Notebook:
    percent = folder / "notebook.py"
    if not percent.exists():
        return read_notebook(folder / "notebook.ipynb")
    import jupytext
    import nbformat

    return parse_notebook(nbformat.writes(jupytext.read(percent, fmt="py:percent")).encode())
