"""Generates a given notebook, blank and solved, from one jupytext file and the reference's own source.

A frame is a folder with a NAME.py: the notebook that a course hands out. The metadata of its cells: `item`, the graded
items that the cell belongs to; `source`, the objects of the reference whose text it holds (a graded cell has it only in
the solution); `only`, the one version that has the cell; `recorded`, what it prints in the solution, with the figures
of the recorded run; `points`, the names of items, or a beginning of their numbers such as 7.1, whose points replace
{points} in its text. Several names are separated by commas.
"""

import ast
import copy
import functools
import tomllib
from pathlib import Path
from typing import Any, Literal

import jupytext
import nbformat

from autograder.staff.course.policy import PolicyError, policy_of
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric, load
from autograder.student.submission.notebook import Notebook, parse_notebook

Version = Literal["template", "solution"]


class FrameError(Exception):
    """A frame does not fit the reference; the message says where."""


def generate(assignment: Assignment, version: Version, frame: Path | None = None) -> Any:
    """The notebook of a frame, or of the students' own, as an nbformat node; the same in every run.

    Raises FrameError.
    """
    return copy.deepcopy(_generated(assignment, version, frame or assignment.template))


@functools.cache
def _generated(assignment: Assignment, version: Version, frame: Path) -> Any:
    notebook = jupytext.read(frame / f"{assignment.name}.py", fmt="py:percent")
    run = assignment.reference / "recorded_run.toml"
    recorded = tomllib.loads(run.read_text(encoding="utf-8")) if run.exists() else {}
    rubric = with_points(assignment)
    cells = [cell for cell in notebook.cells if cell.metadata.get("only", version) == version]
    for number, cell in enumerate(cells):
        cell.id = f"{assignment.name}-{version}-{number:03d}"
        asked = dict(cell.metadata)
        cell.metadata = nbformat.from_dict({"item": asked["item"]} if "item" in asked else {})
        if "source" in asked and (version == "solution" or "item" not in asked):
            cell.source = "\n\n\n".join(_text_of(assignment.project, name) for name in asked["source"].split(","))
        if "points" in asked:
            cell.source = cell.source.replace("{points}", _points(rubric, asked["points"]))
        if version == "solution" and "recorded" in asked:
            text = asked["recorded"].format(**recorded)
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{text}\n")]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata = nbformat.from_dict(
        {
            "accelerator": "GPU",
            "colab": {"name": f"{assignment.name}.ipynb", "provenance": [], "toc_visible": True},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    made.nbformat_minor = 5
    return made


def handed_out(assignment: Assignment) -> list[str]:
    """The lines with figures in the text cells of all blank frames: a student who hands them in has not written
    them."""
    cells = [cell for frame in assignment.every_frame for cell in generate(assignment, "template", frame).cells]
    lines = [line.strip() for cell in cells if cell.cell_type == "markdown" for line in cell.source.split("\n")]
    return sorted({line for line in lines if any(map(str.isdigit, line))})


def with_points(assignment: Assignment) -> Rubric:
    """The rubric with the points that the course decides. Raises RubricError and FrameError."""
    try:
        return policy_of(assignment).laid_over(load(assignment))
    except PolicyError as error:
        raise FrameError(str(error)) from None


def belongs(cell: Any, item: str) -> bool:
    """Whether a cell of a generated notebook belongs to the item."""
    return item in cell.metadata.get("item", "").split(",")


def held(assignment: Assignment, rubric: Rubric, frame: Path | None = None) -> frozenset[str]:
    """The items that the frame asks for."""
    cells = generate(assignment, "solution", frame).cells
    return frozenset(item.name for item in rubric.items if any(belongs(cell, item.name) for cell in cells))


def _points(rubric: Rubric, asked: str) -> str:
    """ "1 point", "5 points"."""
    wanted = asked.split(",")
    meant = [
        item.points
        for item in rubric.items
        if item.name in wanted or item.number.startswith(tuple(f"{n}." for n in wanted))
    ]
    if not meant:
        raise FrameError(f"a cell gives the points of {asked!r}, which no item of the rubric has")
    total = sum(meant)
    return f"{total:g} point{'' if total == 1 else 's'}"


def submission(assignment: Assignment, version: Version, frame: Path | None = None) -> Notebook:
    """The frame's notebook as grading reads it."""
    return as_submission(generate(assignment, version, frame))


def as_submission(notebook: Any) -> Notebook:
    """An nbformat node as grading reads it."""
    return parse_notebook(text(notebook).encode())


def text(notebook: Any) -> str:
    """The notebook's JSON, as it is committed."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


@functools.cache
def _text_of(root: Path, name: str) -> str:
    """The text of `package.module:definition`. It is read and not imported, because the reference needs packages that
    building does not."""
    module, _, definition = name.partition(":")
    path = (root / Path(*module.split("."))).with_suffix(".py")
    try:
        source = path.read_text(encoding="utf-8")
        nodes = ast.parse(source).body
    except (OSError, SyntaxError) as error:
        raise FrameError(f"{path}, which a cell of a frame names as its source, cannot be read: {error}") from None
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == definition:
            return ast.get_source_segment(source, node) or ""
    raise FrameError(f"{path} defines no {definition}, which a cell of a frame names as its source")
