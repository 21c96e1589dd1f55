"""From a text to what it says of each label: a statement for every figure."""

from collections.abc import Iterator, Sequence

import msgspec

from autograder.ps7.student.report.binding import Separators, best
from autograder.ps7.student.report.figures import Figure, Found
from autograder.ps7.student.report.labels import CLIP, METHODS, Label
from autograder.ps7.student.report.roles import NO_RESULTS
from autograder.ps7.student.report.sentences import NOTHING, SHORT, Sentence, Text
from autograder.ps7.student.report.tables import in_tables

BESIDE, BELOW, ABOVE, SHARED, LOOSE = 4, 3, 2, 1, 0
"""Where a figure's label stands: beside it, on a line of its own above, in a sentence above; beside it with another one
that has no figure; or it is guessed from the order, or from what is left."""


class Statement(msgspec.Struct, frozen=True):
    """That a label has a figure, or NOTHING."""

    label: str
    """"" where the text does not tell."""
    figure: Figure
    role: str
    strength: int
    certain: bool
    about: bool
    start: int
    end: int
    level: int
    """0, or more for other ways to bind the same figures that explain as much."""
    form: bool
    """Whether its sentence is a report by its form, wherever it stands."""


class _Above(msgspec.Struct):
    """The labels that a line without any is said of."""

    labels: list[Label]
    strength: int


def statements(text: str) -> list[Statement]:
    """Everything that the text says of its labels, in its own order, and of figures whose label it does not tell."""
    read = Text(text)
    said, places = in_tables(read)
    made = [_statement(each.label.name, each.found, each.role, BESIDE, True) for each in said]
    above, headings = _Above([], LOOSE), dict[int, list[Label]]()
    below: list[Sentence] = []
    for sentence in read.sentences(places):
        if not sentence.labels and not sentence.level:
            below += [sentence] if sentence.figures else []
            continue
        made += _below(above, below, read.apart)
        after_figures, below = bool(below), []
        if sentence.level:
            headings = {level: names for level, names in headings.items() if level < sentence.level}
            headings[sentence.level] = [] if sentence.figures else sentence.labels
            above = _Above(next((names for _, names in sorted(headings.items(), reverse=True) if names), []), BELOW)
        if not sentence.words and not sentence.figures:
            made += [
                Statement(label.name, NOTHING, "", LOOSE, True, False, label.start, label.end, 0, True)
                for label in sentence.labels
                if label.weight > 1
            ]
        if not sentence.level and not sentence.figures:
            strength = BELOW if sentence.line else ABOVE
            goes_on = sentence.line and above.strength == BELOW and not after_figures
            above = _Above([*above.labels, *sentence.labels] if goes_on else sentence.labels, strength)
        if sentence.figures and sentence.labels:
            made += _beside(sentence, read.apart)
            above = _Above(sentence.labels[-1:], ABOVE)
    made += _below(above, below, read.apart)
    return sorted(made, key=lambda each: each.start)


def _statement(name: str, found: Found, role: str, strength: int, form: bool, level: int = 0) -> Statement:
    return Statement(
        name, found.figure, role, strength, found.certain, found.about, found.start, found.end, level, form
    )


def _each(sentence: Sentence) -> Iterator[tuple[Found, str, bool]]:
    """Its figures, each with its role and whether the sentence is a report by its form."""
    for figure, role in zip(sentence.figures, sentence.roles, strict=True):
        yield figure, role, sentence.form


def _beside(sentence: Sentence, apart: Separators) -> Iterator[Statement]:
    yield from _bound(_telling(sentence.labels, sentence.figures), list(_each(sentence)), BESIDE, apart)


def _below(above: _Above, sentences: list[Sentence], apart: Separators) -> Iterator[Statement]:
    """What lines without a label say: of the label above them, or of the methods in their order."""
    told = [each for each in sentences if above.strength != ABOVE or each.telling or each.words <= SHORT]
    found = [figure for each in told for figure in _each(each)]
    yield from _bound(_telling(above.labels, []), found, above.strength, apart)
    results = [(each, form) for each, role, form in found if role not in NO_RESULTS]
    if len(results) in (3, 4) and all(form for _, form in results):
        for name, (each, form) in zip((*METHODS, CLIP), results, strict=False):
            yield _statement(name, each, "", LOOSE, form)


def _telling(labels: list[Label], figures: list[Found]) -> list[Label]:
    """Without descriptions, where methods are named beside them."""
    named = max((label.weight for label in labels), default=0) > 2
    return [label for label in labels if label.weight > 1 or not named]


def _bound(
    labels: Sequence[Label], found: Sequence[tuple[Found, str, bool]], strength: int, apart: Separators
) -> Iterator[Statement]:
    """Statements on figures and labels that go together somehow."""
    if not labels:
        yield from (_statement("", figure, role, strength, form) for figure, role, form in found)
        return
    names = {label.name for label in labels}
    for results in (True, False):
        mine = [each for each in found if (each[1] not in NO_RESULTS) is results]
        for level, binding in enumerate(best(labels, [figure for figure, _, _ in mine], apart)):
            left = names - {*binding.values()}
            for index, name in binding.items():
                figure, role, form = mine[index]
                yield _statement(name, figure, role, SHARED if left else strength, form, level)
                for other in left if results else ():
                    yield _statement(other, figure, role, LOOSE, form, level)
