"""The engine grades an assignment of which it has never heard: template, build, misconception, hidden case, results."""

import json
import shutil
import subprocess
import sys

import msgspec
import nbformat
import pytest

from autograder.authoring import frames
from autograder.authoring.build import build_banks, build_notebooks
from autograder.commands.grade import check_notebook, grade_submission
from autograder.commands.validate import everything_known, validate_all
from autograder.grading.bank import Bank
from autograder.grading.examination import Limits
from autograder.grading.rubric import load
from autograder.sandbox.starting import start
from autograder.submission.notebook import read_notebook
from tests.toy import HERE, toy


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(HERE / "template", folder / "template")
    assignment = msgspec.structs.replace(toy(folder), template=folder / "template")
    rubric = load(assignment.rubric)
    made = [*build_notebooks(assignment), *build_banks(assignment, rubric)]
    assert all(path.exists() for path in made)
    return assignment, rubric


def graded(built, tmp_path, old="", new="", *, grader=grade_submission):
    assignment, rubric = built
    notebook = nbformat.read(assignment.solution, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new) if old else cell.source
    path = tmp_path / "mine.ipynb"
    nbformat.write(notebook, path)
    if grader is check_notebook:
        with start(rubric.environment) as sandbox:
            return check_notebook(assignment, read_notebook(path), (), rubric, sandbox, limits=Limits())
    return grade_submission(assignment, path, tmp_path / "results.json", rubric, limits=Limits())


def test_the_template_gives_the_rubrics_points(built):
    blank = nbformat.read(built[0].blank, as_version=4)
    assert [cell.source for cell in blank.cells[:2]] == ["# A toy (4 points)", "## Adding (3 points)"]
    assert "total" not in "".join(cell.source for cell in blank.cells)


def test_the_solution_has_full_marks(built, tmp_path):
    results = graded(built, tmp_path)
    assert results.score == results.max_score == 4
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["score"] == 4
    assert [test["number"] for test in written["tests"]] == ["1.1.1", "1.1.2", "1.2.1"]


def test_a_misconception_is_named(built, tmp_path):
    results = graded(built, tmp_path, "total = 0.0", "total = 1.0")
    assert results.score == 1
    assert results.tests[0].extra_data["misconception"] == "add-starts-at-one"
    assert "The sum starts at 1." in results.tests[0].output


def test_a_mistake_that_only_the_hidden_case_shows(built, tmp_path):
    assert graded(built, tmp_path, "total += number", "total += abs(number)").score == 2
    public = graded(built, tmp_path, "total += number", "total += abs(number)", grader=check_notebook)
    assert public.score == public.max_score == 2


def test_code_that_raises_ends_or_is_missing_costs_its_item(built, tmp_path):
    for new in ("raise ValueError", "import os; os._exit(0)", "total = undefined"):
        assert graded(built, tmp_path, "total = 0.0", new).score == 1


def test_the_report_is_read(built, tmp_path):
    assert graded(built, tmp_path, "The answer: 42", "The answer: 41").score == 3


def test_everything_known_of_it_is_as_it_should_be(built):
    assignment, rubric = built
    rows = list(validate_all(assignment, rubric))
    assert [row.name for row in rows] == [
        "solution",
        "template",
        "add-not-started",
        "add-starts-at-one",
        "add-absolute",
    ]
    assert not any(row.off for row in rows)


def test_the_banks_keep_the_hidden_case_apart(built):
    public = Bank.read(("public",), built[0].banks)
    assert set(public._cases) == {"add.open"}


def test_a_frame_that_lacks_an_item_is_not_asked_for_it(built, tmp_path):
    frame = tmp_path / "frames" / "short"
    frame.mkdir(parents=True)
    text = (HERE / "template" / "toy.py").read_text().split("# %% [markdown] item=")[0]
    (frame / "toy.py").write_text(text)
    assignment = msgspec.structs.replace(built[0], frames=tmp_path / "frames")
    assert frames.held(assignment, built[1], frame) == {"add"}
    known = next(everything_known(assignment, built[1]))
    assert set(known.frames) == {"template", "short"}
    rows = list(validate_all(assignment, built[1]))
    assert [sentence for row in rows for sentence in row.off] == []


def test_no_module_of_the_assignment_is_loaded():
    text = "import sys\nimport tests.test_toy\n"
    text += "sys.exit(any(name.startswith('autograder.assignment') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", text], cwd=HERE.parent.parent, check=False).returncode == 0
