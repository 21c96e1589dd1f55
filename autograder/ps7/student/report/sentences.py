"""Divides a text into sentences and lines, each with its labels, its figures and the kinds of these figures."""

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
"""Stands for a blank that was not filled in."""

_BLANK = re.compile(
    r"(?<![\d%_])_{2,}(?!_|[ ]?\d)|\.{3,}|…|\b[xX]{2,}(?:\.[xX])?\b|\?{2,}|\b(?:TODO|TBD)\b"
    r"|\[\s*\]|<[^<>\n]{0,20}>|[=:][ ]*%"
)
_NUMBERING = re.compile(
    r"^[ \t]*(?:#{1,6}[ ]+|[-+•*][ ]+)?\(?\d{1,2}[.)](?=[ \t])|(?<![\d.])7\.[12](?:\.\d)?(?![\d%]|[ ]?%)", re.MULTILINE
)
"""Numbers of lists, and of the assignment's own parts."""
_QUOTED = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)
_BEGINS = re.compile(r"[ \t]*(?:[#|=]|[-+•][ ]|\(?\d{1,2}[.)][ ]|$)")
_SOFT = 60
"""A line of that many characters continues in the next one, unless it ends a sentence."""
_END = re.compile(r"\n|(?<!\.[A-Za-z])(?<!approx)(?<!acc)[.!?][ ]+(?=[^a-zà-ÿ\W])|[。！？]")
_ARTICLE = re.compile(r"[^,;:.!?()\d\n]{0,20}")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]")
_WORD = re.compile(r"[A-Za-zÀ-ÿ]{4,}|[\u4e00-\u9fff]{2}")
SHORT = 6
"""How many words a line may have that is a label, or labels and figures, and not a sentence."""
_PROSE = 3
"""The least words of a sentence."""


class Sentence(msgspec.Struct, frozen=True):
    """A sentence, or a line."""

    level: int
    """The rank of a heading, from 1; 0 for other text."""
    line: bool
    """Whether it is a short line, or asks for what comes below."""
    kind: str
    """The kind that its words give, where it has no figures: a heading may say it of everything below."""
    blank: bool
    """Whether it names its labels and leaves room for their figures."""
    labels: list[Label]
    figures: list[Found]
    roles: list[str]
    """The roles of its figures."""
    words: int
    """Words besides labels, figures, and words that tell their kind."""
    form: bool
    """Whether it is a line of labels and figures, or speaks of its writer's own results."""
    telling: bool
    """Whether it mentions an accuracy, a test, or reaching something."""


class Text:
    """The elements of a text, by their places."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.plain = _joined(_QUOTED.sub(lambda match: " " * len(match[0]), plain(text)))
        self.apart = Separators(self.plain)
        self.words = words(self.plain)
        self.labels = labels(self.plain, self.words)
        self.figures = _figures(self.plain, self.labels, self.words)

    def sentences(self, without: Sequence[tuple[int, int]]) -> Iterator[Sentence]:
        """The sentences in order, without the parts that are tables."""
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
        """The labels without those that a figure is only compared with: "80 %, more than Method I"."""
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
    """The elements that begin between two places."""
    return placed[bisect_left(placed, start, key=_start) : bisect_left(placed, end, key=_start)]


def _start(placed: Label | Found | Word) -> int:
    return placed.start


def _joined(text: str) -> str:
    """Joins the lines of a wrapped paragraph."""
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
    """The words that belong to no label and are not numbers of a list, and blanks."""
    characters = list(text)
    for start, end in [(label.start, label.end) for label in mentioned] + [
        match.span() for match in _NUMBERING.finditer(text)
    ]:
        characters[start:end] = "\0" * (end - start)
    found = list(figures("".join(characters), known))
    found += [Found(match.start(), match.end(), NOTHING, True) for match in _BLANK.finditer(text)]
    return sorted(found, key=lambda each: each.start)
