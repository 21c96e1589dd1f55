"""Accuracies in the saved outputs of a notebook's runs, and which method each run was of."""

import re
from collections.abc import Iterator

from autograder.ps7.student.report.figures import Figure
from autograder.ps7.student.report.labels import CLIP, labels
from autograder.ps7.student.report.parts import LOG, printed
from autograder.ps7.student.report.roles import NO_RESULTS
from autograder.ps7.student.report.sentences import NOTHING
from autograder.ps7.student.report.statements import ABOVE, statements
from autograder.ps7.student.report.words import says
from autograder.student.submission.notebook import Cell

UNTOLD = "untold"
"""The key of printed accuracies of which it cannot be told what they belong to."""

_TESTING = re.compile(r"\btest\w*\s*\(|acc|eval", re.IGNORECASE)
_TRAINING = re.compile(r"\btrain_classifier\s*\(")
_CLIP_CODE = re.compile(r"image_encoder|clip|2048|image_embedding", re.IGNORECASE)


def printed_accuracies(cells: tuple[Cell, ...]) -> dict[str, tuple[Figure, ...]]:
    """By the label that they belong to, UNTOLD among these. A number that stands in the very cell was typed, not
    measured."""
    found: dict[str, list[Figure]] = {}
    for index, cell in enumerate(cells):
        mine = list(_of(cell)) if cell.kind == "code" else []
        context = _context(cells, index) if len({figure.text for owner, figure in mine if not owner}) == 1 else UNTOLD
        for owner, figure in mine:
            found.setdefault(owner or context, []).append(figure)
    return {owner: tuple(figures) for owner, figures in found.items()}


def _of(cell: Cell) -> Iterator[tuple[str, Figure]]:
    text = printed(cell)
    for said in statements(text):
        line = text[text.rfind("\n", 0, said.start) + 1 : said.end + 40].split("\n")[0]
        about = says(line, "accuracy") or says(line, "test")
        if said.figure is NOTHING or said.role in NO_RESULTS or (LOG.search(line) and not about):
            continue
        if (
            not (about or (said.certain and _TESTING.search(cell.source)))
            or said.figure.text.rstrip(" %") in cell.source
        ):
            continue
        yield (said.label if said.strength >= ABOVE else ""), said.figure


def _context(cells: tuple[Cell, ...], index: int) -> str:
    """Whose run a cell is: named in the cell, or above it, where no other run lies in between."""
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
    """The methods that a cell names; code is full of words that only look like descriptions."""
    if cell.kind == "code":
        return {label.name for label in labels(cell.source) if label.weight > 2} - {CLIP}
    return {label.name for label in labels(cell.source)}
