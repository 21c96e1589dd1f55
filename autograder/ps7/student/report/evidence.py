"""What a notebook says about its accuracies: in its report, and in the saved outputs of its runs."""

import ast
import re
from collections.abc import Iterator

import msgspec

from autograder.ps7.student.report.figures import Figure, Found, figures
from autograder.ps7.student.report.labels import CLIP, METHODS, labels
from autograder.ps7.student.report.statements import Said, statements
from autograder.student.program.syntax import read_cell
from autograder.student.submission.notebook import Cell, Notebook

UNTOLD = "untold"
"""The key of printed accuracies of which it cannot be told what they belong to."""
MOST_LINES = 4_000
MOST_CHARACTERS = 1_000_000
"""Ten times the longest honest notebook; reading them takes seconds."""

_HEADING = re.compile(
    r"^(#{1,6})[^\n]*(?:report|result|accurac|summary|conclusion|bericht|ergebnis|résultat|报告|结果)",
    re.IGNORECASE | re.MULTILINE,
)
_ACCURACY = re.compile(r"acc\b|accurac|correct|genauigkeit|précision|准确|正确", re.IGNORECASE)
_LOG = re.compile(r"loss|epoch|it/s|\d%\|", re.IGNORECASE)
_TESTING = re.compile(r"\btest\w*\s*\(|acc", re.IGNORECASE)
_TRAINING = re.compile(r"\btrain_classifier\s*\(")
_CLIP_CODE = re.compile(r"image_encoder|clip|2048|image_embedding", re.IGNORECASE)


class Evidence(msgspec.Struct, frozen=True):
    """Keys are "method_1", "method_2", "method_3" and "clip"."""

    reported: dict[str, Figure]
    printed: dict[str, tuple[Figure, ...]]
    """By what the figures belong to, UNTOLD among the keys."""
    has_outputs: bool
    """Whether the notebook was saved with any output of code at all."""


def read_evidence(notebook: Notebook) -> Evidence:
    """Reads text and outputs; nothing is run."""
    cells = _last(notebook.cells)
    printed: dict[str, list[Figure]] = {}
    for owner, figure in _printed(cells):
        printed.setdefault(owner, []).append(figure)
    return Evidence(
        reported=_reported(cells),
        printed={owner: tuple(found) for owner, found in printed.items()},
        has_outputs=any(output.strip() for cell in cells for output in cell.outputs),
    )


def _last(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The last cells whose text is worth the time to read it."""
    read = 0
    for index in range(len(cells) - 1, -1, -1):
        read += len(cells[index].source) + sum(map(len, cells[index].outputs))
        if read > MOST_CHARACTERS:
            return cells[index + 1 :]
    return cells


def _reported(cells: tuple[Cell, ...]) -> dict[str, Figure]:
    """What the last section with a telling heading says; of what it is silent about, what the whole notebook says."""
    section: dict[str, Said] = {}
    for start in reversed(range(len(cells))):
        if cells[start].kind == "markdown" and (heading := _HEADING.search(cells[start].source)):
            # What only stands in code is worth the least: `{"clip": 0.07}` may be anything.
            parts = sorted(_section(cells, start, heading[1]), key=_is_shown)
            section = _merged([statements(_text(cell, report=True)) for cell in parts])
            if section:
                break
    # A report that was printed comes with its labels; code outside of the report only computes.
    said = _merged([statements(_text(cell, report=False)) for cell in cells]) | section
    return {name: each.figure for name, each in said.items() if each.figure is not None}


def _section(cells: tuple[Cell, ...], start: int, heading: str) -> Iterator[Cell]:
    """The cells from a heading (`##`) up to the next one of its rank."""
    yield cells[start]
    for cell in cells[start + 1 :]:
        if cell.kind == "markdown" and re.match(rf"#{{1,{len(heading)}}} ", cell.source.lstrip()):
            return
        yield cell


def _text(cell: Cell, *, report: bool) -> str:
    """Markdown, printed lines that are no log; in a report without outputs also comments and strings. Where these stand
    among code, a figure belongs to a label of its own line: `# dropout 0.5` says nothing of an encoder named above."""
    if cell.kind == "markdown":
        return cell.source
    printed = [line for output in cell.outputs for line in output.split("\n")[:MOST_LINES] if not _LOG.search(line)]
    if any(line.strip() for line in printed) or not report:
        return "\n".join(printed)
    written = [line for line in cell.source.split("\n") if line.lstrip().startswith("#") or '"' in line or "'" in line]
    if _computes(cell):
        written = [line for line in written if statements(line)]
    # In an f-string the value is not in the text, and `:.1%` is no figure.
    return re.sub(r"\{[^{}\"']*\}", " ", "\n".join(written))


def _is_shown(cell: Cell) -> bool:
    return cell.kind == "markdown" or any(output.strip() for output in cell.outputs)


def _computes(cell: Cell) -> bool:
    """Whether its code does more than to hold text and to print it."""
    found = [statement for piece in read_cell(cell.source) for statement in piece.statements]
    return not all(
        isinstance(each, ast.Expr)
        and (
            isinstance(each.value, ast.Constant | ast.JoinedStr)
            or (isinstance(each.value, ast.Call) and ast.unparse(each.value.func) == "print")
        )
        for each in found
    )


def _merged(readings: list[dict[str, Said]]) -> dict[str, Said]:
    """The last statement of each label; one of all three methods together is worth more than one of some, and what is
    certain more than what is not."""
    merged: dict[str, Said] = {}
    ranks: dict[str, tuple[bool, bool, bool]] = {}
    for reading in readings:
        together = all(name in reading for name in METHODS)
        for name, said in reading.items():
            rank = (said.certain, name == CLIP or together, said.figure is not None)
            if rank >= ranks.get(name, rank):
                merged[name], ranks[name] = said, rank
    return merged


def _printed(cells: tuple[Cell, ...]) -> Iterator[tuple[str, Figure]]:
    """Accuracies in saved outputs, each with its owner. A number that stands in the very cell was typed, not
    measured."""
    for index, cell in enumerate(cells):
        found = [
            (line, each.figure)
            for output in cell.outputs
            for line in output.split("\n")[-MOST_LINES:]
            for each in _figures_of(line, cell)
            if each.figure.text.rstrip(" %") not in cell.source
        ]
        context = _context(cells, index) if len({figure.text for _, figure in found}) == 1 else set()
        named = {line: {label.name for label in labels(line)} for line in dict.fromkeys(line for line, _ in found)}
        for line, figure in found:
            owners = named[line] or context
            yield (next(iter(owners)) if len(owners) == 1 else UNTOLD), figure


def _figures_of(line: str, cell: Cell) -> Iterator[Found]:
    about_accuracy = bool(_ACCURACY.search(line))
    if _LOG.search(line) and not (about_accuracy and "test" in line.lower()):
        return
    for found in figures(line):
        if about_accuracy or (found.certain and _TESTING.search(cell.source)):
            yield found


def _context(cells: tuple[Cell, ...], index: int) -> set[str]:
    """Whose run a cell is: named in the cell, or above it, where no other run lies in between."""
    trained = False
    for place in range(index, -1, -1):
        cell = cells[place]
        if cell.kind == "code" and _CLIP_CODE.search(cell.source):
            return {CLIP}
        if named := _named(cell):
            return named
        if cell.kind == "code" and place < index:
            if trained or (cell.outputs and not _TRAINING.search(cell.source)):
                return set()
            trained = bool(_TRAINING.search(cell.source))
    return set()


def _named(cell: Cell) -> set[str]:
    """The methods that a cell names; code is full of words that only look like descriptions."""
    if cell.kind == "code":
        return {label.name for label in labels(cell.source, described=False)} - {CLIP}
    return {label.name for label in labels(cell.source)}
