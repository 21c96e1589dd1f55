"""Takes away what the frame says itself: figures in lines that were handed out, also where such a line was filled in."""

import functools
import re
from pathlib import Path

from autograder.ps7.student.report.sentences import Text

_FILE = Path(__file__).parent.parent / "handed_out.txt"
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_LEAST = 3
"""Words and numbers of a line by which it can be told."""


def without_handed_out(text: str) -> str:
    """As long as the text, with dots for those figures."""
    return "\n".join(_own(line) if any(map(str.isdigit, line)) else line for line in text.split("\n"))


def _own(line: str) -> str:
    tokens = list(_TOKEN.finditer(line))
    words = [token[0].lower() for token in tokens]
    for known in _known():
        matched = _filled_in(words, known)
        for found in Text(line).figures if matched else ():
            if any(
                token.start() <= found.start < token.end()
                for token in (*tokens[: matched[0]], *tokens[len(tokens) - matched[1] :])
            ):
                line = line[: found.start] + "·" * (found.end - found.start) + line[found.end :]
    return line


def _filled_in(words: list[str], known: list[str]) -> tuple[int, int] | None:
    """How many words at the beginning and at the end are those of a line that was handed out, if these are all of it."""
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
