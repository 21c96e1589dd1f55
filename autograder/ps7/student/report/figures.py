"""Finds figures that may be accuracies in any text: `32.0 %`, `0.32`, `32,0%`, `$43.5\\%$`, `tensor(0.3203)`."""

import math
import re
from collections.abc import Iterator

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """An accuracy in percent, as exact as it was written."""

    percent: float
    unit: float
    """The worth of its last digit, in percent."""
    text: str
    """As it was written."""

    def agrees(self, other: "Figure") -> bool:
        """Whether both are roundings of one number, or one is the other cut short."""
        exact, coarse = sorted((self, other), key=lambda figure: figure.unit)
        apart = abs(exact.percent - coarse.percent)
        cut = math.floor(exact.percent / coarse.unit + 1e-6) * coarse.unit
        return apart <= coarse.unit / 2 + 1e-6 or abs(cut - coarse.percent) < 1e-6


class Found(msgspec.Struct, frozen=True):
    """A figure with its place in the text."""

    start: int
    end: int
    figure: Figure
    certain: bool
    """False for a number that may well be something else: a whole number without a percent sign, "about 30 %"."""


NUMBER = re.compile(
    r"(?<![\w.,/^-])(?P<number>\d{1,3}(?:[.,]\d{1,17})?|\.\d{1,17})"
    r"(?P<percent>[ \u00a0]{0,2}(?:\\?%|％|percent\b|per cent\b|prozent\b))?"
    r"(?![\w/]|[.,]\d|-\w|[ ]?[x×*^][ ]?\d)",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"[ \u00a0*]{0,3}(?:epochs?|classes|images|points?\b|pp\b|percentage|times|layers|dim|captions|photos|pairs|gb\b|"
    r"mb\b|s\b|sec|min|hours?|it/s|higher|lower|better|worse|more|less|or more|und mehr)",
    re.IGNORECASE,
)
BEFORE = re.compile(
    r"(?:problem|exercise|question|part|section|step|epochs?|seed|batch(?:[ _]size)?|lr|rate|decay|k|top|figure|table|"
    r"resnet|stl|loss|temperature|method|above|over|least|than|exceed|>|>=|≥|should be|expected?|±|\+/-)[ =:*-]{0,3}$",
    re.IGNORECASE,
)
VAGUE = re.compile(r"(?:about|around|roughly|approximately|approx\.?|circa|ca\.|~|≈|expect\w*)[ ]?$", re.IGNORECASE)


def figures(text: str) -> Iterator[Found]:
    """The figures of a text in order. A number over 1 without a percent sign is taken as percent, one below as a
    fraction."""
    for match in NUMBER.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        if AFTER.match(text, match.end()) or BEFORE.search(before.rstrip("$ ")):
            continue
        digits = match["number"].replace(",", ".")
        decimals = len(digits.partition(".")[2])
        value, unit = float(digits), 10.0**-decimals
        if not match["percent"]:
            if value <= 1 and decimals:
                value, unit = round(value * 100, 10), unit * 100
            elif not 1 < value <= 100:
                continue
        certain = bool(match["percent"] or decimals) and not VAGUE.search(before)
        yield Found(match.start(), match.end(), Figure(value, unit, match[0].strip()), certain)
