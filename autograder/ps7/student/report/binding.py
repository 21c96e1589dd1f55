"""Which figure is said of which label: every way to bind them is a candidate, and the one that explains most is taken."""

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

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
    """How much lies between two places of a text: a comma or a bracket counts once, a semicolon twice. What stands in
    brackets lies between two others only if one of these stands in brackets, too."""

    def __init__(self, text: str) -> None:
        self._places: list[int] = []
        self._deep, self._flat, self._inside = [0], [0], [False]
        inside = False
        for match in _SEPARATOR.finditer(text):
            weight = 2 if match["two"] else 1
            bracket = bool(match["opens"] or match["closes"])
            self._places.append(match.start())
            self._deep.append(self._deep[-1] + weight)
            self._flat.append(self._flat[-1] + (0 if bracket or inside else weight))
            inside = bool(match["opens"]) or (inside and not match["closes"] and match[0] != "\n")
            self._inside.append(inside)

    def between(self, start: int, end: int) -> int:
        """The cost of going from one place to a later one."""
        first, last = bisect(self._places, start - 1), bisect(self._places, end - 1)
        sums = self._deep if self._inside[first] or self._inside[last] else self._flat
        return sums[last] - sums[first]

    def bracket(self, place: int) -> int:
        """Which bracket a place is in: the number of the separator that opened it, or 0."""
        index = bisect(self._places, place - 1)
        return index if self._inside[index] else 0


class _Score(msgspec.Struct, frozen=True, order=True):
    """The higher, the better."""

    covered: int
    used: int
    doubled: int
    cost: int


def best(labels: Sequence[Label], figures: Sequence[Found], cost: Cost) -> list[Binding]:
    """The bindings that explain most: the most labels that have a figure, the most figures with a label, the fewest labels
    with two, the least that lies in between; several where they are level. Of n labels and m figures, in the time of
    (n + m) log(n + m)."""
    if not labels or not figures:
        return []
    everything = list(range(len(figures)))
    sure = [index for index in everything if figures[index].certain]
    candidates: list[Binding] = []
    for chosen in [everything] + [sure] * (0 < len(sure) < len(figures)):
        candidates += [
            _nearest(labels, figures, chosen, cost),
            _paired(labels, figures, chosen, labels_first=True),
            _paired(labels, figures, chosen, labels_first=False),
            _in_order(labels, chosen),
        ]
    scores = [_score(each, labels, figures, cost) for each in candidates]
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
    """What lies between each figure and the nearest mention of its label."""
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
    """Each figure goes to the label beside it with the least in between, the one before it where both are level."""
    starts = [label.start for label in labels]
    binding: Binding = {}
    for index in chosen:
        figure = figures[index]
        place = bisect(starts, figure.start)
        before, after = labels[max(0, place - 1)], labels[min(place, len(labels) - 1)]
        nearer = place == 0 or (place < len(labels) and cost(figure.end, after.start) < cost(before.end, figure.start))
        binding[index] = (after if nearer else before).name
    return binding


def _paired(labels: Sequence[Label], figures: Sequence[Found], chosen: list[int], *, labels_first: bool) -> Binding:
    """Labels and figures come in runs: "Methods I, II and III reached 32, 43 and 25 %, the probe 80 %"."""
    tokens = sorted(
        [(label.start, label.name, -1) for label in labels] + [(figures[index].start, "", index) for index in chosen]
    )
    runs = [list(run) for _, run in groupby(tokens, key=lambda token: bool(token[1]))]
    first = next((number for number, run in enumerate(runs) if bool(run[0][1]) == labels_first), len(runs))
    binding: Binding = {}
    for one, other in zip(runs[first::2], runs[first + 1 :: 2], strict=False):
        names = list(dict.fromkeys(name for _, name, _ in (one if labels_first else other)))
        indices = [index for _, _, index in (other if labels_first else one)]
        together = len(names) > 1 and len(indices) == len(names)
        beside = names[-1 if labels_first else 0]
        binding |= zip(indices, names, strict=True) if together else dict.fromkeys(indices, beside)
    return binding


def _in_order(labels: Sequence[Label], chosen: list[int]) -> Binding:
    """As many figures as labels, in the same order."""
    names = list(dict.fromkeys(label.name for label in labels))
    return dict(zip(chosen, names, strict=True)) if len(names) == len(chosen) else {}
