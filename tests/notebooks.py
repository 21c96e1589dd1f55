"""Notebooks as values, for tests."""

import msgspec

from autograder.submission.notebook import Cell, Notebook


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
    """Each text, which stands in one of the code cells, replaced by another."""
    cells = list(made.cells)
    for old, new in edits.items():
        (place,) = (number for number, cell in enumerate(cells) if cell.kind == "code" and old in cell.source)
        cells[place] = msgspec.structs.replace(cells[place], source=cells[place].source.replace(old, new))
    return msgspec.structs.replace(made, cells=tuple(cells))
