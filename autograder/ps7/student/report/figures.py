"""Finds figures that may be accuracies in any text: `32.0 %`, `0.32`, `32,0%`, `2560/8000`, `31-33 %`, `3.2e-01`."""

import functools
import math
import re
from collections.abc import Iterator

import msgspec

from autograder.ps7.student.report.words import pattern


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
    """False for a number that may well be something else: a whole one without a percent sign, "about 30 %"."""
    about: bool = False
    bound: bool = False
    """Whether it is said to lie above or below: "> 40 %", "75 % or more"."""


_DIGITS = r"(?:\d{1,3}(?:[.,]\d{1,17})?(?:e[+-]?0?[01](?!\d))?|\.\d{1,17})"
_OF = r"[ ]?(?:/|÷|out of|of|von|sur|de)[ ]?"
_LOOKED_BACK = 40


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    number = (
        r"(?<![A-Za-z0-9^])(?<![A-Za-z]_)(?<!\d[.,])(?<!\.)(?<![^A-Za-z \d]-)(?<!\d-)"
        rf"(?:(?P<part>\d{{1,3}},\d{{3}}|\d{{1,6}}(?:\.\d)?){_OF}(?P<whole>\d{{1,3}},\d{{3}}|\d{{3,6}})|"
        rf"(?P<low>{_DIGITS})[ ]?%?[ ]?(?:-|–|—|to|bis)[ ]?(?P<high>{_DIGITS})(?=[ ]?%)|"
        rf"(?P<number>{_DIGITS}))"
        rf"(?P<percent>[ ]{{0,2}}{pattern('percent')})?"
        r"(?![A-Za-z]|_[A-Za-z]|\d|[.,]\d|-[A-Za-z]|[ ]?[x×^][ ]?\d)"
    )
    return (
        re.compile(number, re.IGNORECASE),
        re.compile(rf"[ )\]]{{0,3}}{pattern('after')}", re.IGNORECASE),
        re.compile(rf"{pattern('before')}[ =:*_(-]{{0,3}}$", re.IGNORECASE),
        re.compile(
            rf"{pattern('bound')}(?:[ ]?(?:{pattern('filler')}|{pattern('target')}|{pattern('about')})){{0,4}}[ ]?$",
            re.IGNORECASE,
        ),
        re.compile(rf"{pattern('about')}[ ]?$", re.IGNORECASE),
        re.compile(rf"[ ]{{0,2}}(?:[+](?![/\d-])|{pattern('or_more')})", re.IGNORECASE),
    )


def figures(text: str) -> Iterator[Found]:
    """The figures of a text in order. A number over 1 without a percent sign is taken as percent, one below as a
    fraction; whole numbers of one digit, and numbers beside a word for something else, are none."""
    number, after, before, bound, about, or_more = _patterns()
    for match in number.finditer(text):
        back = text[max(0, match.start() - _LOOKED_BACK) : match.start()].rsplit("\n", 1)[-1]
        figure = _figure(match)
        if figure is None or after.match(text, match.end()) or before.search(back):
            continue
        vague = bool(about.search(back))
        certain = bool(match["percent"] or match["part"] or not (match["number"] or "").isdigit()) and not vague
        limit = bool(bound.search(back)) or bool(or_more.match(text, match.end()))
        yield Found(match.start(), match.end(), figure, certain, vague, limit)


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
    """Value and the worth of its last digit, in percent. With a percent sign 0.32 is an accuracy all the same."""
    mantissa, _, exponent = digits.lower().replace(",", ".").partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    value, unit = float(f"{mantissa}e{exponent or 0}"), 10.0**-decimals
    if decimals and (value <= 1 and not percent or value < 1):
        return round(value * 100, 10), unit * 100
    return value, unit
