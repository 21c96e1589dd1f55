"""Notebooks as values, for tests."""

from typing import Any

import msgspec

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.submission.notebook import Cell, Notebook


def notebook(*cells: str | tuple[str, str]) -> Notebook:
    """Code cells; `("#", text)` is a markdown cell, `(source, output)` a code cell with a saved output."""
    made, numbers = [], {"code": 0, "markdown": 0}
    for cell in cells:
        source, output = cell if isinstance(cell, tuple) else (cell, None)
        kind = "markdown" if source == "#" else "code"
        numbers[kind] += 1
        if kind == "markdown":
            made.append(Cell("markdown", numbers[kind], output))
        else:
            made.append(Cell("code", numbers[kind], source, (output,) if output is not None else ()))
    return Notebook(tuple(made))


def edited(made: Notebook, edits: dict[str, str]) -> Notebook:
    """The notebook with each text replaced by another; each occurs in one of the code cells."""
    cells = list(made.cells)
    for old, new in edits.items():
        (place,) = (number for number, cell in enumerate(cells) if cell.kind == "code" and old in cell.source)
        cells[place] = msgspec.structs.replace(cells[place], source=cells[place].source.replace(old, new))
    return msgspec.structs.replace(made, cells=tuple(cells))


def alone(item: str, version: frames.Version) -> Any:
    """The template's notebook, blank or solved, without the cells of other items: it is graded in a quarter of the
    time."""
    made = frames.generate(PS7, version)
    made.cells = [cell for cell in made.cells if frames.belongs(cell, item) or not cell.metadata.get("item")]
    return made
