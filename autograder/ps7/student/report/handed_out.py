"""Removes the figures that the given notebook holds itself, also from lines that were filled in."""

import functools
import re
from pathlib import Path

from autograder.ps7.student.report.sentences import Text

_FILE = Path(__file__).parent.parent / "handed_out.txt"
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_LEAST = 3
"""The least words and numbers by which a line can be recognised."""


def without_handed_out(text: str) -> str:
    """The text, of the same length, with dots in place of those figures."""
    return "\n".join(_own(line) if any(map(str.isdigit, line)) else line for line in text.split("\n"))


def _own(line: str) -> str:
    tokens = list(_TOKEN.finditer(line))
    words = [token[0].lower() for token in tokens]
    given: set[int] = set()
    for known in _known():
        if matched := _filled_in(words, known):
            given |= {token.start() for token in (*tokens[: matched[0]], *tokens[len(tokens) - matched[1] :])}
    for found in Text(line).figures if given else ():
        if found.start in given:
            line = line[: found.start] + "·" * (found.end - found.start) + line[found.end :]
    return line


def _filled_in(words: list[str], known: list[str]) -> tuple[int, int] | None:
    """How many words at its beginning and at its end belong to the given line, if these are all of that line's
    words."""
    if len(words) < len(known):
        return None
    first = next((place for place, word in enumerate(known) if words[place] != word), len(known))
    last = len(known) - first
    return (first, last) if words[len(words) - last :] == known[first:] else None


@functools.cache
def _known() -> list[list[str]]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    tokens = [[word.lower() for word in _TOKEN.findall(line)] for line in lines]
    return [words for words in tokens if len(words) >= _LEAST]
