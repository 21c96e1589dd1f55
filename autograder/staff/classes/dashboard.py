"""A class as one page that needs nothing else, for the course staff: what went wrong and how often, and every
submission in a table that the page's own script filters and sorts."""

import math
import statistics
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

import msgspec

from autograder.staff.classes import pages
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed
from autograder.student.grading.rubric import Item, Rubric

BARS = 20
"""Of the distribution of scores; full points have one more."""
Key = TypeVar("Key", bound=Hashable)


class FigureRange(Protocol):
    """Where an accuracy that students report is expected, in percent."""

    @property
    def figure(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def least(self) -> float: ...

    @property
    def most(self) -> float: ...


class Success(msgspec.Struct, frozen=True):
    """How the class did in one item."""

    item: Item
    share: float
    """Of the points, 0 to 1."""
    full: int
    """Submissions with all points."""


class Accuracies(msgspec.Struct, frozen=True):
    """What the class reports for one figure."""

    band: FigureRange
    values: tuple[float, ...]

    @property
    def inside(self) -> int:
        """How many are where they are expected, rounded as the report's check does."""
        return sum(self.band.least <= round(value) <= self.band.most for value in self.values)


def render(
    entries: Iterable[Entry],
    rubric: Rubric,
    mistakes: Mapping[str, str],
    ranges: Sequence[FigureRange],
    *,
    anonymous: bool,
) -> str:
    """The page's HTML. `mistakes`: slug to its sentence. Where it is anonymous, submissions are numbered from the best
    to the worst, without links to their reports."""
    shown = _nameless(entries) if anonymous else list(entries)
    graded = [entry for entry in shown if entry.state == "graded"]
    return pages.template("dashboard.html.j2").render(
        rubric=rubric,
        names=[item.name for item in rubric.items],
        entries=shown,
        graded=graded,
        failed=[entry for entry in shown if entry.state == "the grader failed"],
        named=not anonymous,
        bars=_bars([entry.score for entry in graded], rubric.points),
        middle=statistics.median(entry.score for entry in graded) if graded else 0.0,
        successes=_successes(graded, rubric.items),
        mistakes=mistakes,
        ranked=_ranked((slug, entry) for entry in graded for slug in entry.mistakes),
        unnamed=_ranked((check, entry) for entry in graded for check in entry.unnamed),
        accuracies=[
            Accuracies(each, tuple(entry.figures[each.figure] for entry in graded if each.figure in entry.figures))
            for each in ranges
        ],
        **pages.script("dashboard.js"),
    )


def _nameless(entries: Iterable[Entry]) -> list[Entry]:
    """What results say of the notebook as a whole may hold the name of a file."""
    ordered = sorted(entries, key=lambda entry: (-entry.score, entry.mistakes))
    return [
        Entry(
            Handed(f"{number}"),
            entry.results and msgspec.structs.replace(entry.results, output=entry.state),
        )
        for number, entry in enumerate(ordered, start=1)
    ]


def _bars(scores: Sequence[float], most: float) -> list[tuple[str, int]]:
    """Range of points and how many submissions lie in it."""
    counts = Counter(int(score / most * BARS + 1e-9) for score in scores)
    edges = [f"{place * most / BARS:g}" for place in range(BARS + 1)]
    spans = [f"{low} to below {high}" for low, high in pairwise(edges)]
    return [(span, counts[place]) for place, span in enumerate([*spans, edges[-1]])]


def _successes(graded: Sequence[Entry], items: Sequence[Item]) -> list[Success]:
    by_entry = [entry.points([item.name for item in items]) for entry in graded]
    successes = []
    for place, item in enumerate(items):
        points = [scores[place] for scores in by_entry]
        most = item.points * len(points)
        full = sum(score >= item.points - 1e-9 for score in points)
        successes.append(Success(item, math.fsum(points) / most if most else 0.0, full))
    return successes


def _ranked(pairs: Iterable[tuple[Key, Entry]]) -> list[tuple[Key, list[Entry]]]:
    """What happened to whom, the most frequent first."""
    having: dict[Key, list[Entry]] = {}
    for key, entry in pairs:
        having.setdefault(key, []).append(entry)
    return sorted(having.items(), key=lambda each: -len(each[1]))
