"""The words of `words.toml` as patterns."""

import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

_FILE = Path(__file__).parent / "words.toml"
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"


class Word(msgspec.Struct, frozen=True):
    """One that stands in a text."""

    start: int
    end: int
    kind: str


@functools.cache
def pattern(kind: str) -> str:
    """Matches any word of the kind, whole; to be compiled without regard to case."""
    return f"(?:{'|'.join(map(_written, _kinds()[kind]))})"


def words(text: str, kinds: tuple[str, ...]) -> Iterator[Word]:
    """All words of these kinds, in order; none overlaps another one."""
    for match in _any_of(kinds).finditer(text):
        yield Word(match.start(), match.end(), str(match.lastgroup))


def says(text: str, kind: str) -> bool:
    """Whether one of the kind's words stands in the text."""
    return bool(_any_of((kind,)).search(text))


@functools.cache
def _any_of(kinds: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{pattern(kind)})" for kind in kinds), re.IGNORECASE)


@functools.cache
def _kinds() -> dict[str, list[str]]:
    """The longest words first, since of alternatives the first one that fits is taken."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        kind: sorted((" ".join(word.split()) for word in text.split("|")), key=len, reverse=True)
        for kind, text in found.items()
    }


def _written(word: str) -> str:
    text = re.escape(word).replace(r"\*", f"[{_LETTER}]*").replace(r"\ ", r"[ \u00a0_-]{0,3}")
    begins = f"(?<![{_LETTER}])" if re.match(f"[{_LETTER}]", word) else ""
    ends = f"(?![{_LETTER}])" if re.search(f"[{_LETTER}]$", word) else ""
    return begins + text + ends
