"""Finds figures that may be accuracies in any text: `32.0 %`, `0.32`, `32,0%`, `2560/8000`, `31-33 %`, `3.2e-01`."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from autograder.ps7.student.report.words import Word, says


class Figure(msgspec.Struct, frozen=True):
    """An accuracy in percent, as exact as it was written."""

    percent: float
    unit: float
    """The value of its last digit, in percent."""
    text: str
    """Its text."""

    def agrees(self, other: "Figure") -> bool:
        """Whether both are roundings of one number, or one is the other with digits cut off."""
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
    about: bool = False
    bound: bool = False
    """Whether the text says that the accuracy lies above or below it: "> 40 %", "75 % or more"."""


MOST_FILLERS = 5
_DIGITS = r"(?:\d{1,3}(?:[.,]\d{1,17})?(?:e[+-]?0?[01](?!\d))?|\.\d{1,17})"
_PERCENT = r"(?:%|(?:percent|per cent|pct|prozent|pour cent|por ciento)\b)"
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9^])(?<![A-Za-z]_)(?<!\d[.,])(?<!\.)(?<![^A-Za-z \d]-)(?<!\d-)"
    r"(?:(?P<part>\d{1,3},\d{3}|\d{1,6}(?:\.\d)?)[ ]?(?:/|÷|out of|of|von|sur|de)[ ]?(?P<whole>\d{1,3},\d{3}|\d{3,6})|"
    rf"(?P<low>{_DIGITS})[ ]?%?[ ]?(?:-|–|—|to|bis)[ ]?(?P<high>{_DIGITS})(?=[ ]?%)|"
    rf"(?P<number>{_DIGITS}))(?P<percent>[ ]{{0,2}}{_PERCENT})?"
    r"(?![A-Za-z]|_[A-Za-z]|\d|[.,]\d|-[A-Za-z]|[ ]?[x×^][ ]?\d)",
    re.IGNORECASE,
)


def figures(text: str, known: Sequence[Word]) -> Iterator[Found]:
    """The figures of a text in order, given its words. A number above 1 without a percent sign is taken as percent, a
    number below 1 as a fraction. Numbers below 10, and numbers beside a word for something else, are not figures."""
    starts, ends = [word.start for word in known], [word.end for word in known]
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        figure = _figure(match)
        place, after = bisect_right(ends, start), bisect_left(starts, end)
        before, follows = known[max(0, place - MOST_FILLERS) : place], known[after : after + 1]
        names = says(before[-1:], "before") and _touch(text, before[-1].end, start, " =:*_(-")
        counts = says(follows, "after") and _touch(text, end, follows[0].start, " )]-")
        if figure is None or names or counts:
            continue
        about = says(before[-1:], "about") and _touch(text, before[-1].end, start)
        more = says(follows, "or_more") and _touch(text, end, follows[0].start)
        written = bool(match["percent"] or match["part"] or not (match["number"] or "").isdigit())
        bound = more or text[end : end + 1] == "+" or _is_limit(text, before, start)
        yield Found(start, end, figure, written and not about, about, bound)


def _touch(text: str, start: int, end: int, marks: str = " ") -> bool:
    """Whether only up to three of these marks lie between two places."""
    return end - start <= 3 and not text[start:end].strip(marks)


def _is_limit(text: str, before: Sequence[Word], start: int) -> bool:
    """Whether the text says that the accuracy lies above or below it: "above the expected 75 %"."""
    for word in reversed(before):
        if not _touch(text, word.end, start) or not says([word], "bound", "filler", "target", "about"):
            return False
        if "bound" in word.kinds:
            return True
        start = word.start
    return False


def _figure(match: re.Match[str]) -> Figure | None:
    text = match[0].strip()
    if match["part"]:
        part, whole = (float(match[name].replace(",", "")) for name in ("part", "whole"))
        return Figure(100 * part / whole, 100 / whole, text) if part <= whole else None
    if match["low"]:
        low, high = (_number(match[name], percent=True) for name in ("low", "high"))
        return Figure((low[0] + high[0]) / 2, high[0] - low[0], text) if low[0] < high[0] <= 100 else None
    value, unit = _number(match["number"], percent=bool(match["percent"]))
    thousands = re.fullmatch(r"[1-9]\d{0,2},\d{3}", match["number"]) and not match["percent"]
    small = not match["percent"] and value < 10 and (unit < 1 or match["number"].isdigit())
    return None if thousands or small or value > 100 else Figure(value, unit, text)


def _number(digits: str, *, percent: bool) -> tuple[float, float]:
    """The value, and the value of its last digit, in percent. With a percent sign 0.32 is still an accuracy."""
    mantissa, _, exponent = digits.lower().replace(",", ".").partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    value, unit = float(f"{mantissa}e{exponent or 0}"), 10.0**-decimals
    if decimals and ((value <= 1 and not percent) or value < 1):
        return round(value * 100, 10), unit * 100
    return value, unit
