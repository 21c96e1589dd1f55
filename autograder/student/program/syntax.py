"""Turns a cell's text into syntax trees. The pieces that cannot be parsed are set aside, and the rest is kept."""

import ast
import re
import unicodedata
import warnings

import msgspec

from autograder.student.program.lines import Heed, statement_starts
from autograder.student.program.magics import without_magics

MAX_BRACES = 5_000
"""The most fields in one f-string: Python 3.11 takes quadratic time on them."""

MAX_MARKS = 100
"""The most combining marks in a row: Python sorts those of a name in quadratic time."""

_FOREIGN = re.compile(rf"[^\x00-\x7f]{{{MAX_MARKS},}}")
_DEFINES = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
_ASSIGNS = re.compile(r"(\w+(?:[ \t]*,[ \t]*\w+)*)[ \t]*(?::[^=\n]*)?=(?!=)")


class Piece(msgspec.Struct, frozen=True):
    """A part of a cell that starts at line `offset` + 1: its statements, or the error in it."""

    offset: int
    lines: list[str]
    statements: list[ast.stmt]
    error: str | None = None
    error_line: int = 0
    """The error's line, from 1, inside the cell."""


def read_cell(source: str) -> list[Piece]:
    """The pieces of a cell, in order. Never raises. A cell whose cell magic says that it is not Python has none."""
    lines = source.split("\n")
    whole = _parsed(lines, 0)
    if whole.error is None:
        return [whole]
    plain = without_magics(source)
    if plain is None:
        return []
    lines = plain.split("\n")
    whole = _parsed(lines, 0)
    if whole.error is None:
        return [whole]
    return _merged(_salvaged(whole, Heed.ALL))


def names_defined(lines: list[str]) -> frozenset[str]:
    """Top-level names that broken text seems to define."""
    names: set[str] = set()
    for line in lines:
        if match := _DEFINES.match(line):
            names.add(match.group(1))
        elif match := _ASSIGNS.match(line):
            names.update(name.strip() for name in match.group(1).split(","))
    return frozenset(names)


def _parsed(lines: list[str], offset: int) -> Piece:
    source = "\n".join(lines)
    if source.count("{") > MAX_BRACES:
        return Piece(offset, lines, [], f"more than {MAX_BRACES} braces in one cell", offset + 1)
    if any(_marks(found.group()) > MAX_MARKS for found in _FOREIGN.finditer(source)):
        return Piece(offset, lines, [], f"more than {MAX_MARKS} combining marks on one letter", offset + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Piece(offset, lines, ast.parse(source).body)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(lines))
        return Piece(offset, lines, [], error.msg[:200], offset + line)
    except (RecursionError, MemoryError):
        return Piece(offset, lines, [], "the code is nested too deeply", offset + 1)
    except ValueError:
        return Piece(offset, lines, [], "a character that cannot stand in source code", offset + 1)


def _marks(text: str) -> int:
    """The most combining marks in a row that the text has."""
    longest = row = 0
    for letter in text:
        row = row + 1 if unicodedata.combining(letter) else 0
        longest = max(longest, row)
    return longest


def _salvaged(broken: Piece, heed: Heed) -> list[Piece]:
    """Cuts the broken piece where statements seem to start; pieces that are still broken are cut again with less
    trust."""
    starts = statement_starts(broken.lines, heed)
    if len(starts) == 1:
        return [broken] if heed is Heed.NOTHING else _salvaged(broken, Heed(heed + 1))
    pieces: list[Piece] = []
    for start, stop in zip(starts, [*starts[1:], len(broken.lines)], strict=True):
        piece = _parsed(broken.lines[start:stop], broken.offset + start)
        if piece.error is None or heed is Heed.NOTHING:
            pieces.append(piece)
        else:
            pieces += _merged(_salvaged(piece, Heed(heed + 1)), first=piece)
    return pieces


def _merged(pieces: list[Piece], first: Piece | None = None) -> list[Piece]:
    """Joins neighbouring broken pieces; the earliest gets the description that `first` had before it was cut."""
    merged: list[Piece] = []
    for piece in pieces:
        if piece.error and merged and merged[-1].error:
            merged[-1].lines.extend(piece.lines)
        else:
            merged.append(piece)
    if first is not None:
        index = next((i for i, piece in enumerate(merged) if piece.error), None)
        if index is not None:
            piece = merged[index]
            merged[index] = Piece(piece.offset, piece.lines, [], first.error, first.error_line)
    return merged
