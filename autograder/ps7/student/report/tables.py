"""Tables in a report: a figure belongs to the heads of its row and of its column."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from autograder.ps7.student.report.figures import Found
from autograder.ps7.student.report.labels import Label
from autograder.ps7.student.report.roles import NO_RESULTS, resolved, role_of
from autograder.ps7.student.report.sentences import NOTHING, Text, part
from autograder.ps7.student.report.words import says

_ALIGNED = re.compile(r"\S+(?:[ ]\S+)*")
_NEAR = 8
"""By how many characters columns of aligned text may be off."""
_COLUMN = 100
_RULE = re.compile(r"[\s|:=+\-]+")


class Cell(msgspec.Struct, frozen=True):
    """A cell's place in the text, and its content."""

    start: int
    end: int
    left: int
    right: int
    """Its column: where it begins and ends in its line, or a large multiple of the number of bars before it."""
    labels: list[Label]
    figures: list[Found]
    kinds: list[str]
    other: bool
    """Whether it is the head of something that is not an accuracy: epochs, rates, expected values."""


class InTable(msgspec.Struct, frozen=True):
    """A figure with what its table says about it."""

    label: Label
    found: Found
    role: str


Row = list[Cell]


def in_tables(text: Text) -> tuple[list[InTable], list[tuple[int, int]]]:
    """The figures of the tables whose heads name labels, and the places of these tables."""
    said: list[InTable] = []
    places: list[tuple[int, int]] = []
    for table in _tables(text):
        mine = list(_read(table))
        barred = "|" in text.plain[table[0][0].start : table[0][-1].start] and any(
            cell.labels for row in table for cell in row
        )
        if mine or barred:
            said += mine
            places.append((text.plain.rfind("\n", 0, table[0][0].start) + 1, table[-1][-1].end))
    return said, places


def _read(table: Sequence[Row]) -> Iterator[InTable]:
    head = table[0] if not any(cell.figures for cell in table[0][1:]) else []
    for row in table[bool(head) :]:
        across = _one([label for cell in row if not _results(cell) for label in cell.labels])
        heading = row[0].kinds if not row[0].figures else []
        if not across and row[0].other:
            continue
        said = []
        for cell in row:
            above = _above(head, cell)
            label = _one(cell.labels) or across or _one(above.labels if above else [])
            if label and not (above and above.other and not above.labels):
                kinds = [*(above.kinds if above else []), *heading]
                said += [
                    InTable(label, found, _role(kinds, cell, found, offset))
                    for offset, found in enumerate(cell.figures)
                ]
        if across and not said:
            said = [InTable(across, Found(row[-1].end, row[-1].end, NOTHING, True), "")]
        yield from said


def _results(cell: Cell) -> list[Found]:
    """The cell's figures that may be results: none in "Method I (expected: 30 %)"."""
    expected = resolved(cell.kinds) in NO_RESULTS
    return [found for found in cell.figures if not (found.bound or expected)]


def _above(head: Row, cell: Cell) -> Cell | None:
    """The head of the cell's column: the head that begins or ends at the same place, or nearly."""

    def apart(other: Cell) -> int:
        return min(abs(other.left - cell.left), abs(other.right - cell.right))

    nearest = min(head, key=apart, default=None)
    return nearest if nearest and apart(nearest) <= _NEAR else None


def _one(labels: list[Label]) -> Label | None:
    """The first of the labels with the highest weight."""
    return max(labels, key=lambda label: label.weight, default=None)


def _role(kinds: list[str], cell: Cell, found: Found, offset: int) -> str:
    several = list(dict.fromkeys(kind for kind in kinds if kind in NO_RESULTS | {"test"}))
    own = resolved([kind for kind in cell.kinds if kind != "is"])
    if found.bound:
        return "bound"
    if own and len(cell.figures) == 1:
        return own
    if len(several) > 1 and len(cell.figures) == len(several):
        return several[offset]
    return resolved(kinds) or ("accuracy" if "accuracy" in kinds else "")


def _tables(text: Text) -> Iterator[list[Row]]:
    """Consecutive lines of two or more cells, without the rules between them."""
    rows: list[tuple[bool, list[tuple[int, int, int, int]]]] = []
    start = 0
    for line in text.plain.split("\n"):
        if not line.strip() or not _RULE.fullmatch(line):
            cells = list(_cells(line, text.raw[start : start + len(line)], start))
            # pandas puts the name of the index on a line of its own, and fills the line with spaces.
            if not (rows and rows[-1][0] and len(cells) == 1 and line.endswith(" ")):
                rows.append((len(cells) > 1, cells))
        start += len(line) + 1
    for is_row, group in groupby(rows, key=lambda row: row[0]):
        table = [[_cell(text, *cell) for cell in cells] for _, cells in group] if is_row else []
        if len(table) > 1:
            yield table


def _cells(line: str, raw: str, start: int) -> Iterator[tuple[int, int, int, int]]:
    """Places and columns of the cells between bars or tabs, or else between two spaces that the student typed."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    if "|" in inner or "\t" in inner:
        place = start + len(line) - len(line.lstrip()) + line.lstrip().startswith("|")
        for number, cell in enumerate(re.split(r"[|\t]", inner)):
            yield place, place + len(cell), number * _COLUMN, number * _COLUMN
            place += len(cell) + 1
    else:
        for match in _ALIGNED.finditer(raw):
            yield start + match.start(), start + match.end(), match.start(), match.end()


def _cell(text: Text, start: int, end: int, left: int, right: int) -> Cell:
    known = part(text.words, start, end)
    kinds = [role for word in known if (role := role_of(word))]
    other = says(known, "other") and not says(known, "test", "accuracy")
    labels, figures = part(text.labels, start, end), part(text.figures, start, end)
    return Cell(start, end, left, right, labels, figures, kinds, other)
