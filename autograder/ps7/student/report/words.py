"""Finds the words of `words.toml` in a text, by their meaning."""

import functools
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

_FILE = Path(__file__).parent / "words.toml"
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+|[^\x00-\x7fÀ-ÿ]+|[%~<>+#±×]")
_GAP = re.compile(r"[ _'’.\-]{0,3}")
_LONGEST_SIGN = 6
"""The most characters of a word in signs other than our letters: Chinese, and mathematics."""
_KINDS = ""
"""The key under which a node holds the meanings of the words that end there."""


class Word(msgspec.Struct, frozen=True):
    """A word that is found in a text."""

    start: int
    end: int
    kinds: frozenset[str]


def words(text: str) -> list[Word]:
    """All words that the file knows, in order; of two that begin at one place, the longer one."""
    tokens = list(_WORD.finditer(text))
    found: list[Word] = []
    end = 0
    for place, token in enumerate(tokens):
        if _is_sign(token[0]):
            found += _signs(token[0], token.start())
        elif token.start() >= end and (word := _longest(text, tokens, place)):
            found.append(word)
            end = word.end
    return found


def says(found: Sequence[Word], *kinds: str) -> bool:
    """Whether any of the words is of one of these kinds."""
    return any(not word.kinds.isdisjoint(kinds) for word in found)


def _signs(run: str, start: int) -> Iterator[Word]:
    """Words in a run without spaces."""
    known, place = _lexicon()[1], 0
    while place < len(run):
        size = next((size for size in range(_LONGEST_SIGN, 0, -1) if run[place : place + size] in known), 0)
        if size:
            piece = run[place : place + size]
            yield Word(start + place, start + place + len(piece), known[piece])
        place += size or 1


def _longest(text: str, tokens: list[re.Match[str]], place: int) -> Word | None:
    """The longest word that begins with this token."""
    first, best = place, None
    nodes = [_lexicon()[0]]
    while place < len(tokens):
        token = tokens[place]
        if place > first and not _GAP.fullmatch(text, tokens[place - 1].end(), token.start()):
            break
        nodes = [found for node in nodes for found in _next(node, token[0].lower())]
        if not nodes:
            break
        kinds = frozenset[str]().union(*(node.get(_KINDS, ()) for node in nodes))
        best = Word(tokens[first].start(), token.end(), kinds) if kinds else best
        place += 1
    return best


def _next(node: dict[str, Any], word: str) -> Iterator[dict[str, Any]]:
    """The nodes that a word leads to: as it is, and by its beginnings."""
    if word in node:
        yield node[word]
    if "*" in node:
        for size in range(len(word), 0, -1):
            if (found := node["*"].get(word[:size])) is not None:
                yield found


@functools.cache
def _lexicon() -> tuple[dict[str, Any], dict[str, frozenset[str]]]:
    """Words of letters as a tree of their parts, and words of signs."""
    tree: dict[str, Any] = {}
    signs: dict[str, frozenset[str]] = {}
    for kind, text in tomllib.loads(_FILE.read_text(encoding="utf-8")).items():
        for word in text.split("|"):
            parts = re.findall(r"[^\W_]+\*?|[^\s\w]", word.lower().replace("'", " "))
            if _is_sign(parts[0]):
                signs[parts[0]] = signs.get(parts[0], frozenset()) | {kind}
                continue
            for joined in _joined([part for part in parts if part != "."]):
                node = tree
                for part in joined:
                    node = (
                        node.setdefault("*", {}).setdefault(part[:-1], {})
                        if part.endswith("*")
                        else node.setdefault(part, {})
                    )
                node[_KINDS] = {*node.get(_KINDS, ()), kind}
    return tree, signs


def _is_sign(word: str) -> bool:
    return word[0] > "ÿ" or not word[0].isalnum()


def _joined(parts: list[str]) -> Iterator[list[str]]:
    """With every gap written and not written: "pre train*" is also "pretrain*"."""
    if len(parts) == 1:
        yield parts
        return
    for rest in _joined(parts[1:]):
        yield [parts[0], *rest]
        if parts[0].endswith("*"):
            continue
        yield [parts[0] + rest[0], *rest[1:]]
