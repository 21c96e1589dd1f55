"""Accuracies in the saved outputs of a notebook's runs, and which method each run belongs to."""

import re
from bisect import bisect_left
from collections.abc import Iterator

import msgspec

from autograder.ps7.student.report.figures import Figure
from autograder.ps7.student.report.labels import CLIP, labels
from autograder.ps7.student.report.parts import LOG, printed
from autograder.ps7.student.report.roles import NO_RESULTS
from autograder.ps7.student.report.sentences import NOTHING
from autograder.ps7.student.report.statements import ABOVE, statements
from autograder.ps7.student.report.words import says, words
from autograder.student.submission.notebook import Cell

UNTOLD = "untold"
"""The key of printed accuracies whose label cannot be told."""

_TESTING = re.compile(r"\btest\w*\s*\(|acc|eval", re.IGNORECASE)
_TRAINING = re.compile(r"\btrain_classifier\s*\(")
_CLIP_CODE = re.compile(r"image_encoder|clip|2048|image_embedding", re.IGNORECASE)


def printed_accuracies(cells: tuple[Cell, ...]) -> dict[str, tuple[Figure, ...]]:
    """Printed accuracies by their label; UNTOLD is among the keys. A number in the cell's own text was typed, not
    measured."""
    found: dict[str, list[Figure]] = {}
    for index, cell in enumerate(cells):
        mine = list(_of(cell)) if cell.kind == "code" else []
        context = _context(cells, index) if len({figure.text for owner, figure in mine if not owner}) == 1 else UNTOLD
        for owner, figure in mine:
            found.setdefault(owner or context, []).append(figure)
    return {owner: tuple(figures) for owner, figures in found.items()}


def _of(cell: Cell) -> Iterator[tuple[str, Figure]]:
    text, start = printed(cell), 0
    said = statements(text)
    starts = [each.start for each in said]
    tests = bool(_TESTING.search(cell.source))
    for line in text.split("\n"):
        end = start + len(line) + 1
        mine = said[bisect_left(starts, start) : bisect_left(starts, end)]
        about = bool(mine) and says(words(line), "accuracy", "test")
        log = not about and bool(LOG.search(line))
        for each in mine:
            typed = each.figure == NOTHING or each.figure.text.rstrip(" %") in cell.source
            if not (typed or log or each.role in NO_RESULTS) and (about or (each.certain and tests)):
                # Python prints 0.5 for a half: that is not rounded to tenths.
                figure = msgspec.structs.replace(each.figure, unit=min(each.figure.unit, 1.0))
                yield (each.label if each.strength >= ABOVE else ""), figure
        start = end


def _context(cells: tuple[Cell, ...], index: int) -> str:
    """The method whose run a cell is: named in the cell, or above it with no other run in between."""
    trained = False
    for place in range(index, -1, -1):
        cell = cells[place]
        if cell.kind == "code" and _CLIP_CODE.search(cell.source):
            return CLIP
        if named := _named(cell):
            return next(iter(named)) if len(named) == 1 else UNTOLD
        if cell.kind == "code" and place < index:
            if trained or (cell.outputs and not _TRAINING.search(cell.source)):
                return UNTOLD
            trained = bool(_TRAINING.search(cell.source))
    return UNTOLD


def _named(cell: Cell) -> set[str]:
    """The methods that a cell names, or else describes; code has many words that only look like descriptions."""
    found = labels(cell.source, words(cell.source))
    named = {label.name for label in found if label.weight > 2} - {CLIP}
    return named if named or cell.kind == "code" else {label.name for label in found}
