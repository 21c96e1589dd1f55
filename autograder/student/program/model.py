"""The parts of a notebook's code, as data."""

import msgspec


class Statement(msgspec.Struct, frozen=True):
    """One top-level statement of a code cell."""

    cell: int
    """Number of its code cell, from 1."""
    line: int
    """Its first line inside the cell, from 1."""
    source: str
    """The statement's exact text; in cells with IPython syntax, that syntax is already turned into Python."""
    binds: frozenset[str]
    """Top-level names that it binds, or whose object it changes; "*" for a star import."""
    needs: frozenset[str]
    """Global names that it reads, in nested functions too; builtins are among them."""
    acts: str | None
    """Why it is not run for grading ("it trains"); None where it may run."""


class BrokenCell(msgspec.Struct, frozen=True):
    """A part of a code cell that is not Python."""

    cell: int
    line: int
    message: str
    """Python's message about it: "expected ':'"."""
    names: frozenset[str]
    """Top-level names that it seems to define."""


class Mention(msgspec.Struct, frozen=True):
    """A place that seems to define a name but does not: a comment, or a definition inside another one."""

    name: str
    cell: int
    line: int
    how: str
    """The end of a sentence that starts "it is there, but": "commented out", "inside `Encoder`"; for a text cell, the
    whole sentence."""
    in_text: bool = False
    """Whether it stands in the text cell after that code cell, and not in code."""


class Outline(msgspec.Struct, frozen=True):
    """All statements of a notebook in document order, and what could not be read."""

    statements: tuple[Statement, ...]
    broken: tuple[BrokenCell, ...]
    mentions: tuple[Mention, ...] = ()
    newer_python: str = ""
    """The Python version with which the notebook was saved, where it is newer than the grader's."""


class Program(msgspec.Struct, frozen=True):
    """The part of a notebook that defines the wanted names."""

    statements: tuple[Statement, ...]
    """Statements to execute, in this order."""
    left_out: tuple[Statement, ...]
    """Statements that bind a needed name, but are not run for grading."""
