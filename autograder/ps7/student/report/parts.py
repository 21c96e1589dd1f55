"""The texts of a notebook, part by part: its report, other texts, and printed output."""

import ast
import re
from collections.abc import Iterator

import msgspec

from autograder.ps7.student.report.markup import LONGEST
from autograder.ps7.student.report.words import says, words
from autograder.student.program.syntax import read_cell
from autograder.student.submission.notebook import Cell

_HEADING = re.compile(
    r"^[ ]{0,3}(?P<hashes>#{1,6})[ \t][^\n]*"
    r"|^[ ]{0,3}<h(?P<rank>[1-6])\b[^\n]*"
    r"|^[ ]{0,3}(?:\*\*|__)[^\n*_]{1,80}(?:\*\*|__)[ :.]*$"
    r"|^[ ]{0,3}[^\W\d][^\n]{0,24}$",
    re.MULTILINE | re.IGNORECASE,
)
_LOWEST = 7
"""The rank of a line that only looks like a heading."""
_STEPS = re.compile(r"epoch|step|it/s|\d%\||\[\d+/\d+\]", re.IGNORECASE)
_FIELD = re.compile(r"\{[^{}\"']*\}")
"""In an f-string the value is not in the text, and `:.1%` is not a figure."""
_TRAINS = re.compile(r"train\w*\s*\(|backward", re.IGNORECASE)
LOG = re.compile(rf"loss|{_STEPS.pattern}", re.IGNORECASE)
MOST_LINES = 4_000


class Part(msgspec.Struct, frozen=True):
    """A text that is read as a whole."""

    kind: str
    """"report", "code" (text that is only in code of the report), "text" elsewhere, or "printed" elsewhere."""
    text: str


class _Chunk(msgspec.Struct, frozen=True):
    """A text under one heading."""

    rank: int
    """The rank of its heading; 0 where it has none."""
    telling: bool
    text: str


def parts(cells: tuple[Cell, ...]) -> Iterator[Part]:
    """The parts in order. A report is kept whole, with the headings above whatever does not fit."""
    path: dict[int, bool] = {}
    headings: dict[int, str] = {}
    report: list[str] = []
    for cell in cells:
        chunks = _chunks(cell.source) if cell.kind == "markdown" else [_Chunk(0, False, printed(cell))]
        elsewhere: list[str] = []
        bold = False
        for chunk in chunks:
            if chunk.telling or 0 < chunk.rank < _LOWEST:
                # A report under a bold line may have any headings in its own cell.
                kept = {rank for rank in path if rank < chunk.rank or (bold and rank == _LOWEST)}
                path = {**{rank: path[rank] for rank in kept}, chunk.rank: chunk.telling}
                headings = {rank: headings[rank] for rank in kept} | {chunk.rank: chunk.text.split("\n")[0]}
                bold = bold or chunk.rank == _LOWEST
            inside = any(path.values())
            anew = chunk.telling and not any(telling for rank, telling in path.items() if rank < chunk.rank)
            if report and (not inside or anew or sum(map(len, report)) + len(chunk.text) > LONGEST):
                yield Part("report", "\n\n".join(report))
                report = []
            if inside:
                if not report and not chunk.rank:
                    report = [headings[rank] for rank in sorted(headings)]
                report.append(chunk.text)
            else:
                elsewhere.append(chunk.text)
        if (text := "\n".join(elsewhere)).strip():
            yield Part("text" if cell.kind == "markdown" else "printed", text)
        if any(path.values()) and cell.kind == "code" and (text := _written(cell)):
            yield Part("code", text)
    if report:
        yield Part("report", "\n\n".join(report))


def printed(cell: Cell) -> str:
    """The last lines of a cell's outputs that are not a log."""
    lines = [line for output in cell.outputs for line in output.rstrip().split("\n")[-MOST_LINES:]]
    # A test may return a loss and an accuracy; the lines of a training have the same form.
    returned = lines[-1:] if _TRAINS.search(cell.source) else lines
    told = {line for line in returned if says(words(line), "accuracy") and not _STEPS.search(line)}
    kept = [line for line in lines if not LOG.search(line) or "test" in line.lower() or line in told]
    return "\n".join(kept)[-LONGEST:]


def _chunks(source: str) -> Iterator[_Chunk]:
    start, rank, telling = 0, 0, False
    for match in _HEADING.finditer(source):
        plain = not (match["hashes"] or match["rank"])
        tells = says(words(match[0]), "report") and not (plain and re.search(r"\d|[:=]", match[0]))
        if plain and not tells and not match[0].lstrip().startswith(("**", "__")):
            continue
        if source[start : match.start()].strip():
            yield _Chunk(rank, telling, source[start : match.start()])
        start, telling = match.start(), tells
        rank = len(match["hashes"] or "") or int(match["rank"] or _LOWEST)
    yield _Chunk(rank, telling, source[start:])


def _written(cell: Cell) -> str:
    """The comments and strings of a cell that was saved without outputs, and accuracies that are assigned to names."""
    if any(output.strip() for output in cell.outputs):
        return ""
    if not _computes(cell):
        return _FIELD.sub(" ", cell.source)
    lines = [line for line in cell.source.split("\n") if re.search(r"#|[\"']|^[ ]*\w*acc\w*[ ]*=", line)]
    return _FIELD.sub(" ", "\n\n".join(lines))


def _computes(cell: Cell) -> bool:
    """Whether its code does more than hold text and print it."""
    found = [statement for piece in read_cell(cell.source) for statement in piece.statements]
    return not all(
        isinstance(each, ast.Expr)
        and (
            isinstance(each.value, ast.Constant | ast.JoinedStr)
            or (isinstance(each.value, ast.Call) and ast.unparse(each.value.func) == "print")
        )
        for each in found
    )
