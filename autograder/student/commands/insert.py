"""Makes a copy of a notebook with cells of ours in it."""

import json
from collections.abc import Mapping
from pathlib import Path

import nbformat

from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric
from autograder.student.output.grouping import grouped
from autograder.student.output.placing import place
from autograder.student.output.results import Results
from autograder.student.program import outline
from autograder.student.submission.locating import MADE_BY, read_bytes
from autograder.student.submission.notebook import parse_content, parse_notebook


class UnwritableCopy(Exception):
    """The copy cannot be written."""


def copy_with_cells(notebook: Path, results: Results, rubric: Rubric, assignment: Assignment) -> str:
    """Writes NAME.cells.ipynb with a cell below every component whose mistake the cell shows, and reports it. Raises
    UnwritableCopy and UnreadableSubmission."""
    items = [rubric.item(group.cell.extra_data["item"]) for group in grouped(results) if group.cell is not None]
    if not items:
        return "No copy was written: there is no mistake that a cell could show."
    copy = notebook.with_suffix(".cells.ipynb")
    cells = {item.needs[0]: assignment.cell(item.name) for item in items}
    try:
        place(copy, with_cells(read_bytes(notebook), cells))
    except OSError as error:
        raise UnwritableCopy(f"{copy} cannot be written: {error.strerror or error}") from None
    return f"{copy} has a new cell below {', '.join(cells)}. Run the copy from the top down to that cell."


def with_cells(data: bytes, cells: Mapping[str, str]) -> bytes:
    """The notebook in `data` with a code cell below the last cell that binds each name, or at the end where none does.
    Raises UnreadableSubmission."""
    places = {
        name: statement.cell
        for statement in outline(parse_notebook(data)).statements
        for name in statement.binds & cells.keys()
    }
    content = parse_content(data, [])
    inserted = []
    number = 0
    for each in content["cells"]:
        inserted.append(each)
        if isinstance(each, dict) and each.get("cell_type") == "code":
            number += 1
            inserted += [_cell(text, content) for name, text in cells.items() if places.get(name) == number]
    inserted += [_cell(text, content) for name, text in cells.items() if name not in places]
    known = content.get("metadata")
    metadata = (known if isinstance(known, dict) else {}) | {MADE_BY: "cells"}
    return json.dumps(content | {"cells": inserted, "metadata": metadata}, indent=1, ensure_ascii=False).encode(
        "utf-8", "replace"
    )


def _cell(text: str, content: Mapping[str, object]) -> dict[str, object]:
    made = dict(nbformat.v4.new_code_cell(text.rstrip("\n")))
    minor = content.get("nbformat_minor")
    if not isinstance(minor, int) or minor < 5:
        del made["id"]  # the older formats do not have this field
    return made
