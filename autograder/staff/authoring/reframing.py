"""Puts one student's solution into another given notebook: the student's definitions, with that notebook's own cells
around them."""

from pathlib import Path
from typing import Any

from autograder.staff.authoring import frames
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.program import outline, program_for
from autograder.student.submission.notebook import Notebook


def reframed(solution: Notebook, assignment: Assignment, rubric: Rubric, frame: Path) -> Notebook:
    """The frame's solved notebook, with the graded definitions, and all definitions that they need, taken from
    `solution`."""
    read = outline(solution)
    notebook = frames.generate(assignment, "solution", frame)
    held = frames.held(assignment, rubric, frame)
    for item in rubric.items:
        if item.probes and item.name in held and any(item.needs[0] in each.binds for each in read.statements):
            cell = _defining_cell(notebook, item)
            cell.source = "\n".join(statement.source for statement in program_for(read, item.needs).statements)
    return frames.as_submission(notebook)


def _defining_cell(notebook: Any, item: Item) -> Any:
    wanted = (f"def {item.needs[0]}(", f"class {item.needs[0]}(")
    return next(
        cell
        for cell in notebook.cells
        if frames.belongs(cell, item.name) and any(start in cell.source for start in wanted)
    )
