"""`ps7 check --cells`: each cell stands below the component that it is about, and changes no verdict if it is handed
in."""

import contextlib

import msgspec
import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames, misconceptions
from autograder.student.commands.grade import Settings, check_notebook, grade_submission
from autograder.student.commands.insert import UnwritableCopy, copy_with_cells, with_cells
from autograder.student.output.grouping import grouped
from autograder.student.submission.notebook import Notebook, parse_notebook
from tests.notebooks import notebook
from tests.ps7.test_cells import NAMES, printed


def written(made: Notebook) -> bytes:
    """The notebook's file."""
    cells = [
        nbformat.v4.new_code_cell(cell.source, outputs=[nbformat.v4.new_output("stream", text=t) for t in cell.outputs])
        if cell.kind == "code"
        else nbformat.v4.new_markdown_cell(cell.source)
        for cell in made.cells
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_who_hands_in_the_copy_with_its_outputs_has_full_marks(frame, sandbox, rubric, tmp_path):
    solved = frames.submission(PS7, "solution", frame)
    cells = {rubric.item(name).needs[0]: PS7.cell(name) for name in NAMES}
    said = {PS7.cell(name).rstrip("\n"): printed(sandbox, solved, name) for name in NAMES}
    copy = parse_notebook(with_cells(written(solved), cells))
    ran = [
        msgspec.structs.replace(cell, outputs=(said[cell.source],)) if cell.source in said else cell
        for cell in copy.cells
    ]
    assert sum(cell.source in said for cell in ran) == len(NAMES)
    (tmp_path / "copy.ipynb").write_bytes(written(Notebook(tuple(ran))))
    settings = Settings(assignment=PS7, rubric=rubric)
    results = grade_submission(settings, tmp_path / "copy.ipynb", opening=lambda: contextlib.nullcontext(sandbox))
    notes = [test.output for test in results.tests if not test.output.startswith("The grader read the figures from")]
    assert [note for note in notes if note] == []
    assert results.score == rubric.points


def test_a_cell_stands_below_what_it_shows(sandbox, rubric, tmp_path):
    wrong = next(each for each in misconceptions.recorded(PS7, rubric) if each.slug == "head-not-normalised")
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), wrong.notebook, (), sandbox)
    assert [group.item for group in grouped(results) if group.cell] == ["projection_head"]
    path = tmp_path / "mine.ipynb"
    path.write_bytes(written(wrong.notebook))
    assert "mine.cells.ipynb has a new cell below ProjectionHead" in copy_with_cells(path, results, rubric, PS7)
    sources = [cell.source for cell in parse_notebook((tmp_path / "mine.cells.ipynb").read_bytes()).cells]
    place = next(number for number, source in enumerate(sources) if "class ProjectionHead" in source)
    assert sources[place + 1] == PS7.cell("projection_head").rstrip("\n")
    assert sources[: place + 1] + sources[place + 2 :] == [cell.source for cell in wrong.notebook.cells]


def test_a_copy_that_cannot_be_written(sandbox, rubric, tmp_path):
    wrong = next(each for each in misconceptions.recorded(PS7, rubric) if each.slug == "head-not-normalised")
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), wrong.notebook, ("projection_head",), sandbox)
    (tmp_path / "mine.ipynb").write_bytes(written(wrong.notebook))
    (tmp_path / "mine.cells.ipynb").mkdir()
    with pytest.raises(UnwritableCopy, match="cannot be written"):
        copy_with_cells(tmp_path / "mine.ipynb", results, rubric, PS7)


def test_without_mistakes_there_is_no_copy(sandbox, rubric, tmp_path):
    solved = frames.submission(PS7, "solution", PS7.every_frame[0])
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), solved, ("encoder",), sandbox)
    (tmp_path / "mine.ipynb").write_bytes(written(solved))
    assert "No copy" in copy_with_cells(tmp_path / "mine.ipynb", results, rubric, PS7)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.ipynb"]


def test_a_blank_gets_no_cell(sandbox, rubric):
    blank = frames.submission(PS7, "template", PS7.every_frame[0])
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), blank, (), sandbox)
    assert results.score < 1
    assert not any(group.cell for group in grouped(results))


@pytest.mark.parametrize("minor", [2, 4, 5])
def test_any_notebook_stays_valid(minor):
    old = nbformat.reads(written(notebook("def f():\n    pass", "f()")).decode(), as_version=4)
    old["nbformat_minor"] = minor
    for cell in old.cells if minor < 5 else ():
        del cell["id"]
    new = nbformat.reads(with_cells(nbformat.writes(old).encode(), {"f": "f()\n", "g": "g()"}).decode(), as_version=4)
    nbformat.validate(new)
    assert [cell.source for cell in new.cells] == ["def f():\n    pass", "f()", "f()", "g()"]
