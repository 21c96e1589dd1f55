"""Tables in a report: which column or row of them holds the test accuracies."""

import re
from collections.abc import Iterator
from itertools import groupby

import msgspec

_CELL = re.compile(r"[^|]+")
_ALIGNED_CELL = re.compile(r"\S+(?:[ ]\S+)*")
_RULE = re.compile(r"[\s|:=+-]+")
_ACCURACY = re.compile(r"accura|\bacc\b|genauigkeit|准确率|précision|precisión|score|result", re.IGNORECASE)
_TEST = re.compile(r"\btest", re.IGNORECASE)
_OTHER = re.compile(
    r"\btrain|\bvalid|\bval\b|loss|expected|target|baseline|chance|time|epoch|rate|\blr\b", re.IGNORECASE
)


class _Cell(msgspec.Struct, frozen=True):
    start: int
    end: int
    text: str


_Row = list[_Cell]


def without_other_figures(text: str) -> str:
    """The text with spaces in place of those cells that stand beside or under the test accuracies: training
    accuracies, epochs, learning rates. As it was where no table has a heading for accuracies."""
    for table in _tables(text):
        header, *rows = table
        columns = _wanted([cell.text for cell in header[1:]])
        if columns is not None:
            unwanted = [cell for row in rows for index, cell in enumerate(row[1:]) if index not in columns]
        else:
            lines = _wanted([row[0].text for row in rows])
            unwanted = [] if lines is None else [c for i, row in enumerate(rows) if i not in lines for c in row[1:]]
        for cell in unwanted:
            if any(map(str.isdigit, cell.text)):
                text = text[: cell.start] + " " * (cell.end - cell.start) + text[cell.end :]
    return text


def _wanted(headings: list[str]) -> set[int] | None:
    """Those of the headings that are for test accuracies, or else for accuracies that are no others; None where there
    are none, or where all are."""
    accuracies = {index for index, heading in enumerate(headings) if _ACCURACY.search(heading)}
    tests = {index for index, heading in enumerate(headings) if _TEST.search(heading)}
    other = {index for index, heading in enumerate(headings) if _OTHER.search(heading)} - tests
    wanted = (tests & accuracies) or (tests if other or accuracies else set()) or accuracies - other
    return wanted if wanted and len(wanted) < len(headings) else None


def _tables(text: str) -> Iterator[list[_Row]]:
    """Consecutive lines of two cells or more, without the rules between them."""
    rows: list[_Row] = []
    start = 0
    for line in text.split("\n"):
        rows.append([] if line.strip() and _RULE.fullmatch(line) else list(_cells(line, start)))
        start += len(line) + 1
    kept = [row for row, line in zip(rows, text.split("\n"), strict=True) if row or not line.strip()]
    for is_row, group in groupby(kept, key=lambda row: len(row) > 1):
        table = list(group)
        if is_row and len(table) > 1:
            yield table


def _cells(line: str, start: int) -> Iterator[_Cell]:
    """Between bars, or else where two spaces or a tab divide them."""
    stripped = line.strip().strip("|")
    offset = start + line.find(stripped)
    pattern = _CELL if "|" in stripped else _ALIGNED_CELL
    for match in pattern.finditer(stripped):
        yield _Cell(offset + match.start(), offset + match.end(), match[0].strip())
