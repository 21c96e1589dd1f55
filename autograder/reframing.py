"""Puts one student's solution into another frame: their definitions, the frame's own cells around them."""

from pathlib import Path
from typing import Any

from autograder import notebooks
from autograder.notebook import Notebook, parse_notebook
from autograder.program import outline, program_for
from autograder.rubric import Item, Rubric


def reframed(solution: Notebook, frame: Path, rubric: Rubric) -> Notebook:
    """The frame's solved notebook with every graded definition, and what it needs, taken from `solution`."""
    read = outline(solution)
    notebook = notebooks.generate("solution", frame)
    for item in rubric.items:
        if item.probes:
            cell = _defining_cell(notebook, item)
            cell.source = "\n".join(statement.source for statement in program_for(read, item.needs).statements)
    return parse_notebook(notebooks.text(notebook).encode())


def _defining_cell(notebook: Any, item: Item) -> Any:
    wanted = (f"def {item.needs[0]}(", f"class {item.needs[0]}(")
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("item") == item.name and any(start in cell.source for start in wanted)
    )
