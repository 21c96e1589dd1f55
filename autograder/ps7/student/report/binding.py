"""Decides which figure belongs to which label: of all ways to bind them it takes the one that explains most."""

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise

import msgspec

from autograder.ps7.student.report.figures import Found
from autograder.ps7.student.report.labels import Label

Binding = dict[int, str]
"""Index of a figure to the name of its label."""
Cost = Callable[[int, int], int]

_SEPARATOR = re.compile(
    r"[,，、/|]|(?<![A-Za-z])(?:and|und|et|y)(?![A-Za-z])|和|(?P<two>[;；\n]|[.。!?](?=\s|$)|(?<![A-Za-z])(?:but|while|whereas|aber|mais|pero)(?![A-Za-z])|而)|"
    r"(?P<opens>[(\[（])|(?P<closes>[)\]）])",
    re.IGNORECASE,
)


class Separators:
    """The distance between two places of a text: a comma or a bracket counts once, a semicolon twice. Text in brackets
    lies between two other places only if one of these is in brackets, too."""

    def __init__(self, text: str) -> None:
        self._places: list[int] = []
        self._deep, self._flat, self._brackets = [0], [0], [0]
        for number, match in enumerate(_SEPARATOR.finditer(text), start=1):
            weight = 2 if match["two"] else 1
            bracket = self._brackets[-1]
            self._places.append(match.start())
            self._deep.append(self._deep[-1] + weight)
            self._flat.append(self._flat[-1] + (0 if bracket or match["opens"] else weight))
            self._brackets.append(number if match["opens"] else 0 if match["closes"] or match[0] == "\n" else bracket)

    def between(self, start: int, end: int) -> int:
        """The cost of going from one place to a later one."""
        first, last = bisect(self._places, start - 1), bisect(self._places, end - 1)
        sums = self._deep if self._brackets[first] or self._brackets[last] else self._flat
        return sums[last] - sums[first]

    def bracket(self, place: int) -> int:
        """The bracket that a place is in, 0 for none."""
        return self._brackets[bisect(self._places, place - 1)]


class _Score(msgspec.Struct, frozen=True, order=True):
    """The higher, the better."""

    covered: int
    used: int
    doubled: int
    cost: int


def best(labels: Sequence[Label], figures: Sequence[Found], apart: Separators) -> list[Binding]:
    """The bindings that explain most: (1) most labels have a figure, (2) most figures have a label, (3) fewest labels
    have two, (4) the least distance. Several bindings where they are equal.

    n labels and m figures take the time of (n + m) log(n + m).
    """
    if not labels or not figures:
        return []
    everything = list(range(len(figures)))
    sure = [index for index in everything if figures[index].certain]
    candidates: list[Binding] = []
    for chosen in [everything] + [sure] * (0 < len(sure) < len(figures)):
        candidates += [
            _nearest(labels, figures, chosen, apart.between),
            _paired(labels, figures, chosen, apart, labels_first=True),
            _paired(labels, figures, chosen, apart, labels_first=False),
            _bracketed(labels, figures, chosen, apart),
            _in_order(labels, chosen),
        ]
    scores = [_score(each, labels, figures, apart.between) for each in candidates]
    top = max(scores)
    found: list[Binding] = []
    for each, score in zip(candidates, scores, strict=True):
        if score == top and each not in found:
            found.append(each)
    return found


def _score(binding: Binding, labels: Sequence[Label], figures: Sequence[Found], cost: Cost) -> _Score:
    given: dict[str, list[Found]] = {}
    for index, name in binding.items():
        given.setdefault(name, []).append(figures[index])
    doubled = sum(any(not each.figure.agrees(mine[0].figure) for each in mine) for mine in given.values())
    return _Score(len(given), len(binding), -doubled, -sum(_apart(labels, figures, binding, cost)))


def _apart(labels: Sequence[Label], figures: Sequence[Found], binding: Binding, cost: Cost) -> Iterable[int]:
    """The distance between each figure and the nearest mention of its label."""
    places: dict[str, list[Label]] = {}
    for label in labels:
        places.setdefault(label.name, []).append(label)
    for index, name in binding.items():
        figure, mentions = figures[index], places[name]
        place = bisect(mentions, figure.start, key=lambda label: label.start)
        before = [cost(mentions[place - 1].end, figure.start)] if place else []
        after = [cost(figure.end, mentions[place].start)] if place < len(mentions) else []
        yield min(before + after)


def _nearest(labels: Sequence[Label], figures: Sequence[Found], chosen: list[int], cost: Cost) -> Binding:
    """Each figure goes to the nearest label beside it; to the one before it where both are equally near."""
    starts = [label.start for label in labels]
    binding: Binding = {}
    for index in chosen:
        figure = figures[index]
        place = bisect(starts, figure.start)
        before, after = labels[max(0, place - 1)], labels[min(place, len(labels) - 1)]
        nearer = place == 0 or (place < len(labels) and cost(figure.end, after.start) < cost(before.end, figure.start))
        binding[index] = (after if nearer else before).name
    return binding


def _paired(
    labels: Sequence[Label], figures: Sequence[Found], chosen: list[int], apart: Separators, *, labels_first: bool
) -> Binding:
    """Labels and figures come in runs: "Methods I, II and III reached 32, 43 and 25 %, the probe 80 %"."""
    tokens = sorted(
        [(each.start, each.end, each.name, -1) for each in labels]
        + [(figures[index].start, figures[index].end, "", index) for index in chosen]
    )
    runs = [list(run) for _, run in groupby(tokens, key=lambda token: bool(token[2]))]
    first = next((number for number, run in enumerate(runs) if bool(run[0][2]) == labels_first), len(runs))
    binding: Binding = {}
    for one, other in zip(runs[first::2], runs[first + 1 :: 2], strict=False):
        mine, theirs = (one, other) if labels_first else (other, one)
        listed = all(apart.between(before[1], after[0]) for before, after in pairwise(mine))
        names = list(dict.fromkeys(token[2] for token in (mine if listed else mine[-1 if labels_first else 0 :][:1])))
        indices = [token[3] for token in theirs]
        if len(names) > 1 and len(indices) == len(names):
            binding |= dict(zip(indices, names, strict=True))
        else:
            binding |= dict.fromkeys(indices, names[-1 if labels_first else 0])
    return binding


def _bracketed(labels: Sequence[Label], figures: Sequence[Found], chosen: list[int], apart: Separators) -> Binding:
    """The figure in brackets belongs to the label before it, the other figures to the other labels in order."""
    inside = [index for index in chosen if apart.bracket(figures[index].start)]
    starts = [label.start for label in labels]
    places = {index: bisect(starts, figures[index].start) - 1 for index in inside}
    binding = {index: labels[place].name for index, place in places.items() if place >= 0}
    rest = [index for index in chosen if index not in binding]
    names = [name for name in dict.fromkeys(label.name for label in labels) if name not in binding.values()]
    return binding | dict(zip(rest, names, strict=True)) if len(rest) == len(names) else {}


def _in_order(labels: Sequence[Label], chosen: list[int]) -> Binding:
    """As many figures as labels, in the same order."""
    names = list(dict.fromkeys(label.name for label in labels))
    return dict(zip(chosen, names, strict=True)) if len(names) == len(chosen) else {}
