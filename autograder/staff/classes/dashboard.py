"""A class as one page that needs no other file, for the course staff: what went wrong and how often, and every
submission in a table that the page's own script filters and sorts."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

import msgspec

from autograder.staff.classes import pages
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed
from autograder.student.grading.rubric import Item, Rubric

BARS = 20
"""The bars of the distribution of scores; full points have a bar of their own."""
Key = TypeVar("Key", bound=Hashable)


class FigureRange(Protocol):
    """The range in which a reported accuracy is expected, in percent."""

    @property
    def figure(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def least(self) -> float: ...

    @property
    def most(self) -> float: ...


class Waiting(msgspec.Struct, frozen=True):
    """The submissions that need a person for one kind of reason."""

    title: str
    about: str
    entries: list[Entry]
    reasons: Callable[[Entry], Sequence[str]]


class Success(msgspec.Struct, frozen=True):
    """How the class did in one item."""

    item: Item
    share: float
    """The mean share of the points, 0 to 1."""
    full: int
    """How many submissions have all points."""


class Accuracies(msgspec.Struct, frozen=True):
    """What the class reports for one figure."""

    band: FigureRange
    values: tuple[float, ...]

    @property
    def inside(self) -> int:
        """How many are in the expected range, rounded as the report's check does."""
        return sum(self.band.least <= round(value) <= self.band.most for value in self.values)


def render(
    entries: Iterable[Entry],
    rubric: Rubric,
    mistakes: Mapping[str, str],
    ranges: Sequence[FigureRange],
    *,
    anonymous: bool,
) -> str:
    """The page's HTML. `mistakes` maps a slug to its sentence. On an anonymous page submissions are numbered from the
    best to the worst, without links to their reports."""
    shown = _nameless(entries) if anonymous else list(entries)
    started = {item.not_started for item in rubric.items}
    graded = [entry for entry in shown if entry.state == "graded"]
    return pages.template("dashboard.html.j2").render(
        rubric=rubric,
        names=[item.name for item in rubric.items],
        entries=shown,
        graded=graded,
        missing=sum(entry.handed.missing for entry in shown),
        waiting=[each for each in _waiting(shown) if each.entries],
        named=not anonymous,
        bars=_bars([entry.score for entry in graded], rubric.points),
        middle=statistics.median(entry.score for entry in graded) if graded else 0.0,
        successes=_successes(graded, rubric.items),
        mistakes=mistakes,
        titles=_titles(graded),
        blanks=[(item, found) for item in rubric.items if (found := _left_blank(graded, [item]))],
        blank_by=_left_blank(graded, rubric.items),
        ranked=_ranked((slug, entry) for entry in graded for slug in entry.mistakes if slug not in started),
        unnamed=_ranked((check, entry) for entry in graded for check in entry.unnamed),
        accuracies=[
            Accuracies(each, tuple(entry.figures[each.figure] for entry in graded if each.figure in entry.figures))
            for each in ranges
        ],
        **pages.script("dashboard.js"),
    )


def _waiting(shown: Sequence[Entry]) -> list[Waiting]:
    """The reasons, in the order in which they should be looked at."""
    reviewed = [entry for entry in shown if entry.state == "graded" and entry.to_review]
    return [
        Waiting(
            "The grader failed at {}",
            "This is not the students' fault. Run the same command again to grade them.",
            [entry for entry in shown if entry.state == "the grader failed"],
            lambda entry: [entry.problem] if entry.problem else [],
        ),
        Waiting(
            "Cannot be read: {}",
            "They have no points until a readable notebook is handed in.",
            [entry for entry in shown if entry.state == "unreadable"],
            lambda entry: [entry.problem],
        ),
        Waiting(
            "To look at: {}",
            "The grader could not decide or could not do something. Students do not see the reasons.",
            reviewed,
            lambda entry: [f"{', '.join(numbers)} {reason}".strip() for reason, numbers in entry.reviews.items()],
        ),
        Waiting(
            "Changed since they were graded: {}",
            "These points belong to other files or other rules. `--regrade changed` grades the submissions again.",
            [entry for entry in shown if entry.others and entry.state == "graded"],
            lambda entry: [entry.problem],
        ),
        Waiting(
            "Adjusted: {}",
            "Decided by the course staff. This counts instead of what the grader gives.",
            [entry for entry in shown if entry.adjusted],
            lambda entry: entry.adjusted,
        ),
    ]


def _titles(graded: Sequence[Entry]) -> dict[str, str]:
    """For a mistake without a name: the check that failed."""
    found: dict[str, dict[str, None]] = {}
    for entry in graded:
        for slug, title in entry.mistaken_at:
            found.setdefault(slug, {})[title] = None
    return {slug: f"Not passed: {'; '.join([*titles][:3])}." for slug, titles in found.items()}


def _left_blank(graded: Sequence[Entry], items: Sequence[Item]) -> list[Entry]:
    slugs = {item.not_started for item in items}
    return [entry for entry in graded if slugs & {*entry.mistakes}]


def _nameless(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with numbers as names, without what results say about the notebook as a whole: that may hold a
    file's name."""
    ordered = sorted(entries, key=lambda entry: (-entry.score, entry.mistakes))
    return [
        Entry(
            Handed(f"{number}", missing=entry.handed.missing),
            entry.results and msgspec.structs.replace(entry.results, output=entry.state),
        )
        for number, entry in enumerate(ordered, start=1)
    ]


def _bars(scores: Sequence[float], most: float) -> list[tuple[str, int]]:
    """A range of points, and how many submissions are in it."""
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
    """Which mistakes happened to whom, the most frequent first."""
    having: dict[Key, list[Entry]] = {}
    for key, entry in pairs:
        having.setdefault(key, []).append(entry)
    return sorted(having.items(), key=lambda each: -len(each[1]))
