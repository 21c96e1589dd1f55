"""A text as sentences and lines, each with its labels, its figures and what kind of figures these are."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import TypeVar

import msgspec

from autograder.ps7.student.report.binding import Separators
from autograder.ps7.student.report.figures import Figure, Found, figures
from autograder.ps7.student.report.labels import Label, labels
from autograder.ps7.student.report.markup import plain
from autograder.ps7.student.report.roles import resolved, role_of, roles
from autograder.ps7.student.report.words import Word, says, words

Placed = TypeVar("Placed", Label, Found, Word)

NOTHING = Figure(-1.0, 1.0, "")
"""Of a blank that was not filled in."""

_BLANK = re.compile(
    r"(?<![\d%_])_{2,}(?!_|[ ]?\d)|\.{3,}|…|\b[xX]{2,}(?:\.[xX])?\b|\?{2,}|\b(?:TODO|TBD)\b"
    r"|\[\s*\]|<[^<>\n]{0,20}>|[=:][ ]*%"
)
_NUMBERING = re.compile(
    r"^[ \t]*(?:#{1,6}[ ]+|[-+•*][ ]+)?\(?\d{1,2}[.)](?=[ \t])|(?<![\d.])7\.[12](?:\.\d)?(?![\d%]|[ ]?%)", re.MULTILINE
)
"""Of lists, and of the assignment's own parts."""
_QUOTED = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)
_BEGINS = re.compile(r"[ \t]*(?:[#|=]|[-+•][ ]|\(?\d{1,2}[.)][ ]|$)")
_SOFT = 60
"""A line of so many characters goes on in the next one, unless it ends a sentence."""
_END = re.compile(r"\n|(?<!\.[A-Za-z])(?<!approx)(?<!acc)[.!?][ ]+(?=[^a-zà-ÿ\W])|[。！？]")
_ARTICLE = re.compile(r"[^,;:.!?()\d\n]{0,20}")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]")
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{4,}|[\u4e00-\u9fff]{2}")
SHORT = 6
"""Words of a line that is a label, or labels and figures, and not a sentence."""
_PROSE = 3
"""Words of the shortest sentence."""


class Sentence(msgspec.Struct, frozen=True):
    """One, or a line."""

    level: int
    """Of a heading, from 1; else 0."""
    line: bool
    """Whether it is a short line, or one that asks for what comes below."""
    kind: str
    """What its words come to where it has no figures: a heading may say it of all that is below."""
    blank: bool
    """Whether it names its labels and leaves room for what is said of them."""
    labels: list[Label]
    figures: list[Found]
    roles: list[str]
    """Of its figures."""
    words: int
    """Besides labels, figures, and what tells their kind."""
    form: bool
    """Whether it is a line of labels and figures, or speaks of its writer's own."""
    telling: bool
    """Whether it speaks of an accuracy, a test, or what was reached."""


class Text:
    """What a text is made of, by its places."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.plain = _joined(_QUOTED.sub(lambda match: " " * len(match[0]), plain(text)))
        self.apart = Separators(self.plain)
        self.words = words(self.plain)
        self.labels = labels(self.plain, self.words)
        self.figures = _figures(self.plain, self.labels, self.words)

    def sentences(self, without: Sequence[tuple[int, int]]) -> Iterator[Sentence]:
        """In order, without those parts that are tables."""
        ends = [match.end() for match in _END.finditer(self.plain)]
        edges = sorted({0, len(self.plain), *ends, *(place for part in without for place in part)})
        taken = {start for start, _ in without}
        skipping = 0
        closing = dict(without)
        for start, end in pairwise(edges):
            if start in taken:
                skipping = closing[start]
            if start >= skipping and self.plain[start:end].strip():
                yield self._sentence(start, end)

    def _sentence(self, start: int, end: int) -> Sentence:
        text = self.plain[start:end]
        found, near = part(self.figures, start, end), part(self.words, start, end)
        mine = self._subjects(part(self.labels, start, end), found)
        said = [word for word in near if role_of(word)]
        heading = _HEADING.match(text) if start == 0 or self.plain[start - 1] == "\n" else None
        known: list[Label | Found | Word] = [*mine, *found, *said]
        count = len(_WORD.findall(text)) - sum(
            len(_WORD.findall(self.plain, each.start, min(each.end, end))) for each in known
        )
        whole = (start == 0 or self.plain[start - 1] == "\n") and (end == len(self.plain) or text.endswith("\n"))
        return Sentence(
            level=len(heading[1]) if heading else 0,
            line=whole and (count <= SHORT or text.rstrip().endswith((":", "?"))),
            kind="" if found else resolved([role_of(word) for word in said]),
            blank=not count or text.rstrip().endswith((":", "?")),
            labels=mine,
            figures=found,
            roles=roles(found, mine, said, self.apart),
            words=count,
            form=says(near, "own")
            or (count <= SHORT and not (count >= _PROSE and text.rstrip().endswith((".", "!", "。")))),
            telling=says(said, "test", "accuracy", "result"),
        )

    def _subjects(self, labels: list[Label], found: list[Found]) -> list[Label]:
        """Without those that a figure before them is only compared with: "80 %, more than Method I"."""
        kept = []
        for label, following in zip_longest(labels, labels[1:]):
            until = following.start if following else len(self.plain)
            after = bisect_left(found, label.end, key=_start)
            figure_follows = after < len(found) and found[after].start < until
            if figure_follows or not self._is_compared(label):
                kept.append(label)
        return kept

    def _is_compared(self, label: Label) -> bool:
        place = bisect_left(self.words, label.start, key=_start) - 1
        word = self.words[place] if place >= 0 else None
        return bool(word and says([word], "than", "bound") and _ARTICLE.fullmatch(self.plain, word.end, label.start))


def part(placed: list[Placed], start: int, end: int) -> list[Placed]:
    """Those that begin between two places."""
    return placed[bisect_left(placed, start, key=_start) : bisect_left(placed, end, key=_start)]


def _start(placed: Label | Found | Word) -> int:
    return placed.start


def _joined(text: str) -> str:
    """Lines of a paragraph that was wrapped as one."""
    lines = text.split("\n")
    joined = [lines[0]]
    for before, line in pairwise(lines):
        goes_on = len(before) >= _SOFT and before[-1] not in ".:;!?|。：；" and not before.endswith("  ")
        joined += [
            " " if goes_on and "|" not in line and "  " not in line.rstrip() and not _BEGINS.match(line) else "\n",
            line,
        ]
    return "".join(joined)


def _figures(text: str, mentioned: list[Label], known: list[Word]) -> list[Found]:
    """Those that are no part of a label and no number of a list, and blanks."""
    characters = list(text)
    for start, end in [(label.start, label.end) for label in mentioned] + [
        match.span() for match in _NUMBERING.finditer(text)
    ]:
        characters[start:end] = "\0" * (end - start)
    found = list(figures("".join(characters), known))
    found += [Found(match.start(), match.end(), NOTHING, True) for match in _BLANK.finditer(text)]
    return sorted(found, key=lambda each: each.start)
