"""Finds what a text speaks of: Method I, II or III of the autoencoder, or the linear probe on CLIP's image encoder."""

import re
from bisect import bisect
from collections.abc import Iterator

import msgspec

METHODS = ("method_1", "method_2", "method_3")
CLIP = "clip"

_NUMERALS = {"i": 0, "1": 0, "one": 0, "ⅰ": 0, "ii": 1, "2": 1, "two": 1, "ⅱ": 1, "iii": 2, "3": 2, "three": 2, "ⅲ": 2}
_NUMERAL = r"(?:iii|ii|i|[123]|one|two|three|ⅰ|ⅱ|ⅲ)"
_METHOD = re.compile(
    r"(?:method|methode|方法|méthode|método)e?[sn]?[ _#*\-]{0,3}"
    rf"(?P<list>{_NUMERAL}(?:[ ]?(?:,|/|&|and|und|et|y|、|, and)[ ]?{_NUMERAL}){{0,2}})(?![a-z0-9])",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"(?<![\w.])(?P<list>III|II|I)(?![\w.'’])")
_NUMBERED = re.compile(
    r"^[ \t]*(?:[|*+\-•][ \t]*)?[*_(]{0,3}(?P<list>[123])[*_)]{0,3}[ \t]*(?:[|:=)]|-[ ])", re.MULTILINE
)
_CLIP = re.compile(r"clip|linear[ -]prob|resnet|(?:image|visual)[ _-]encoder|method[ _]?(?:iv|4)\b|7\.2", re.IGNORECASE)
_DESCRIPTIONS = {
    "method_3": re.compile(
        r"random(?:ly)?\b[^\n|:=]{0,30}(?:encoder|init|weights|frozen|features)|untrained", re.IGNORECASE
    ),
    "method_2": re.compile(r"\bsupervised\b|trained with|end[- ]to[- ]end|jointly|from scratch", re.IGNORECASE),
    "method_1": re.compile(r"pre-?trained|autoencoder (?:encoder|features)|unsupervised", re.IGNORECASE),
}


class Label(msgspec.Struct, frozen=True):
    """One mention."""

    start: int
    end: int
    name: str
    """A member of METHODS, or CLIP."""


def labels(text: str, *, described: bool = True) -> list[Label]:
    """The mentions in order. Bare numerals and descriptions ("random encoder") count only where no method is named in
    full."""
    found = [label for match in _METHOD.finditer(text) for label in _listed(match)]
    if not found:
        found = [label for match in _ROMAN.finditer(text) for label in _listed(match)]
        if METHODS[1] not in {label.name for label in found}:
            found = []  # a lone "I" is the writer
    if not found:
        found = [label for match in _NUMBERED.finditer(text) for label in _listed(match)]
    if not found and described:
        found = list(_described(text))
    methods = sorted(found, key=lambda label: label.start)
    clip = list(_clip(text, methods))
    return sorted([*methods, *clip], key=lambda label: label.start)


def _listed(match: re.Match[str]) -> Iterator[Label]:
    start = match.start("list")
    for numeral in re.finditer(_NUMERAL, match["list"], re.IGNORECASE):
        yield Label(start + numeral.start(), start + numeral.end(), METHODS[_NUMERALS[numeral[0].lower()]])


def _described(text: str) -> Iterator[Label]:
    """At most one for each line: the first description that fits it, the most special one first."""
    start = 0
    for line in text.split("\n"):
        if not _CLIP.search(line):
            for name, pattern in _DESCRIPTIONS.items():
                if match := pattern.search(line):
                    yield Label(start + match.start(), start + match.end(), name)
                    break
        start += len(line) + 1


def _clip(text: str, methods: list[Label]) -> Iterator[Label]:
    """Mentions of the probe; "image encoder" in a line that has begun with a method's name only describes that."""
    ends = [match.start() for match in re.finditer("\n", text)]
    begun: dict[int, int] = {}
    for label in methods:
        begun.setdefault(bisect(ends, label.start), label.start)
    for match in _CLIP.finditer(text):
        describes = begun.get(bisect(ends, match.start()), len(text)) < match.start()
        if match[0].lower() == CLIP or not describes:
            yield Label(match.start(), match.end(), CLIP)
