"""Notebooks as values, for tests."""

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
