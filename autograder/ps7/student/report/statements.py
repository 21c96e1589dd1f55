"""Turns a text into what it says about each label: one statement for every figure."""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from autograder.ps7.student.report.binding import Separators, best
from autograder.ps7.student.report.figures import Figure, Found
from autograder.ps7.student.report.labels import CLIP, METHODS, Label
from autograder.ps7.student.report.roles import NO_RESULTS
from autograder.ps7.student.report.sentences import NOTHING, SHORT, Sentence, Text
from autograder.ps7.student.report.tables import in_tables

BESIDE, BELOW, ABOVE, SHARED, UNFILLED, LOOSE = 5, 4, 3, 2, 1, 0
"""Where a figure's label stands: beside it, on a line of its own above, in a sentence above; or beside it, together
with another label that has no figure. Or a blank was left; or the label is guessed from the order, or because it is the
only one left."""


class Statement(msgspec.Struct, frozen=True):
    """States that a label has a figure, or NOTHING."""

    label: str
    """The label; "" where the text does not tell it."""
    figure: Figure
    role: str
    strength: int
    certain: bool
    about: bool
    start: int
    end: int
    level: int
    """0, or more for other bindings of the same figures that explain as much."""
    form: bool
    """Whether its sentence has the form of a report, wherever it stands."""


_Given = tuple[Found, str, bool]
"""A figure, its role, and whether its sentence has the form of a report."""


def statements(text: str) -> list[Statement]:
    """Everything that the text says about its labels, in its own order, and the figures whose label it does not
    tell."""
    read = Text(text)
    said, places = in_tables(read)
    made = [_statement(each.label.name, each.found, each.role, BESIDE, form=True) for each in said]
    made += _Reader(read.apart).read(read.sentences(places))
    return sorted(made, key=lambda each: each.start)


class _Reader:
    """Goes through sentences, and knows the labels above each one."""

    def __init__(self, apart: Separators) -> None:
        self._apart = apart
        self._above: list[Label] = []
        self._strength = LOOSE
        self._kind = ""
        self._headings: dict[int, list[Label]] = {}

    def read(self, sentences: Iterable[Sentence]) -> Iterator[Statement]:
        """The statements of the sentences; figures without a label of their own go to the labels above them, all
        together."""
        below: list[Sentence] = []
        for sentence in sentences:
            if not sentence.labels and not sentence.level:
                if sentence.figures:
                    below.append(sentence)
                elif sentence.line and sentence.kind not in ("target", "others"):
                    self._kind = sentence.kind
                continue
            yield from self._below(below)
            if sentence.level:
                self._under(sentence)
            if sentence.level and not sentence.figures:
                self._kind = sentence.kind
            if sentence.labels and sentence.figures:
                found = list(self._each(sentence))
                yield from self._bound(_telling(sentence.labels, sentence.figures, self._apart), found, BESIDE)
                self._above, self._strength = self._outside(sentence.labels)[-1:], ABOVE
            elif sentence.labels:
                yield from _unfilled(sentence)
                if not sentence.level:
                    goes_on = sentence.line and self._strength == BELOW and not below
                    mentioned = [*(self._above if goes_on else []), *self._outside(sentence.labels)]
                    self._above = list({label.name: label for label in mentioned}.values())
                    self._strength = BELOW if sentence.line else ABOVE
            below = []
        yield from self._below(below)

    def _under(self, heading: Sentence) -> None:
        """The text below belongs to the heading's labels, or to the labels of the heading above it."""
        self._headings = {level: names for level, names in self._headings.items() if level < heading.level}
        self._headings[heading.level] = [] if heading.figures else heading.labels
        self._above = next((names for _, names in sorted(self._headings.items(), reverse=True) if names), [])
        self._strength = BELOW

    def _each(self, sentence: Sentence) -> Iterator[_Given]:
        for figure, role in zip(sentence.figures, sentence.roles, strict=True):
            yield figure, role or self._kind, sentence.form

    def _outside(self, labels: list[Label]) -> list[Label]:
        """The labels that are not in brackets, if there are any."""
        return [label for label in labels if not self._apart.bracket(label.start)] or labels

    def _below(self, sentences: list[Sentence]) -> Iterator[Statement]:
        """The statements of lines without a label: about the labels above, or about the methods in their order."""
        if not sentences:
            return
        told = [each for each in sentences if self._strength != ABOVE or each.telling or each.words <= SHORT]
        found = [figure for each in told for figure in self._each(each)]
        yield from self._bound(_telling(self._above, [], self._apart), found, self._strength)
        results = [(each, form) for each, role, form in found if role not in NO_RESULTS]
        if len(results) in (3, 4) and all(form for _, form in results):
            for name, (each, form) in zip((*METHODS, CLIP), results, strict=False):
                yield _statement(name, each, "", LOOSE, form)

    def _bound(self, labels: list[Label], found: list[_Given], strength: int) -> Iterator[Statement]:
        """Statements for figures and labels that belong together in some way."""
        if not labels:
            yield from (_statement("", figure, role, strength, form) for figure, role, form in found)
            return
        names = {label.name for label in labels}
        for results in (True, False):
            mine = [each for each in found if (each[1] not in NO_RESULTS) is results]
            for level, binding in enumerate(best(labels, [figure for figure, _, _ in mine], self._apart)):
                left = names - {*binding.values()}
                asides = _asides([(name, mine[index][0]) for index, name in binding.items()], self._apart)
                for index, name in binding.items():
                    figure, role, form = mine[index]
                    weight = LOOSE if figure.start in asides else SHARED if left else strength
                    yield _statement(name, figure, role, weight, form, level)
                    for other in left if results else ():
                        yield _statement(other, figure, role, LOOSE, form, level)


def _statement(name: str, found: Found, role: str, strength: int, form: bool, level: int = 0) -> Statement:
    strength = UNFILLED if found.figure == NOTHING else strength
    given = (found.certain, found.about, found.start, found.end)
    return Statement(name, found.figure, role, strength, *given, level, form)


def _asides(bound: list[tuple[str, Found]], apart: Separators) -> set[int]:
    """Marks figures in brackets that stand beside, or after, another figure of their label that is sure."""
    outside: dict[str, tuple[bool, int]] = {}
    for name, figure in bound:
        if not apart.bracket(figure.start):
            outside[name] = max(outside.get(name, (False, 0)), (figure.certain, figure.start))
    inside = [(name, figure.start) for name, figure in bound if apart.bracket(figure.start)]
    return {start for name, start in inside if outside.get(name, (False, 0)) > (False, start)}


def _unfilled(sentence: Sentence) -> Iterator[Statement]:
    """Labels with room beside them for a figure."""
    for label in sentence.labels if sentence.blank else ():
        if label.weight > 1:
            yield Statement(label.name, NOTHING, "", UNFILLED, True, False, label.start, label.end, 0, True)


def _telling(labels: list[Label], figures: Sequence[Found], apart: Separators) -> list[Label]:
    """The labels without descriptions of methods that are named beside them: in brackets, or with no figure in
    between."""
    starts = [figure.start for figure in figures]
    places = {id(label): bisect(starts, label.start) for label in labels}
    named = {places[id(label)] for label in labels if label.weight > 2}
    return [
        label
        for label in labels
        if label.weight > 1 or not named or not (places[id(label)] in named or apart.bracket(label.start))
    ]
