"""Finds the one notebook in what was handed in, beside copies of it and files that this tool has made of it."""

import json

import pytest

from autograder.student.commands.insert import with_cells
from autograder.student.grading.reading import read_submission
from autograder.student.submission.locating import MADE_BY, UnreadableSubmission, find


def notebook(source, **metadata):
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


OWN, OTHER = notebook("x = 1"), notebook("x = 2")
RUN, CELLS = notebook("x = 1\n", **{MADE_BY: "run"}), with_cells(OWN.encode(), {"encoder": "show()"}).decode()


def laid(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"hw.ipynb": OWN, "hw (1).ipynb": OWN, "old/hw-Copy1.ipynb": OWN}, "hw.ipynb"),
        ({"hw.ipynb": OWN, "hw.run.ipynb": RUN}, "hw.ipynb"),
        ({"hw.ipynb": OWN, "renamed.ipynb": RUN, "hw.cells.ipynb": CELLS}, "hw.ipynb"),
        ({"hw.ipynb": OWN, "hw.run.ipynb": OTHER}, "hw.ipynb"),
        ({"hw.run.ipynb": RUN, "hw.cells.ipynb": CELLS}, "hw.run.ipynb"),
        ({"hw.run.ipynb": RUN}, "hw.run.ipynb"),
        ({"hw.run.ipynb": RUN, "hw.ipynb": OWN, "again.ipynb": OWN}, "hw.ipynb"),
    ],
)
def test_copies_are_no_second_notebook(tmp_path, files, name):
    found = find(laid(tmp_path, files))
    assert found.path.name == name
    assert bool(found.notes) == (len({*files.values()}) > 1)


@pytest.mark.parametrize(
    "files",
    [
        {"hw.ipynb": OWN, "other.ipynb": OTHER},
        {"hw.ipynb": OWN, "other.run.ipynb": OTHER},
        {"hw.ipynb": OWN, "other.ipynb": OTHER, "hw.run.ipynb": RUN},
        {f"{number}.ipynb": OWN for number in range(9)},
    ],
)
def test_different_notebooks_are_refused(tmp_path, files):
    with pytest.raises(UnreadableSubmission, match=r"holds \d notebooks"):
        find(laid(tmp_path, files))


def test_no_cell_can_make_a_notebook_a_copy(tmp_path):
    own = notebook(f'x = {{"{MADE_BY}": "run"}}')
    with pytest.raises(UnreadableSubmission, match="holds 2 notebooks"):
        find(laid(tmp_path, {"hw.ipynb": own, "other.ipynb": OTHER}))


def test_it_is_said_which_was_read(tmp_path):
    [note] = read_submission(laid(tmp_path, {"hw.ipynb": OWN, "hw.run.ipynb": RUN})).notebook.notes
    assert note == "`hw.ipynb` was read, and not `hw.run.ipynb`, which this tool has made of a notebook."
    [note] = read_submission(tmp_path / "hw.run.ipynb").notebook.notes
    assert note == "`hw.run.ipynb` is a copy made by `run`."


def test_what_lies_too_deep_is_not_said_to_be_nothing(tmp_path):
    with pytest.raises(UnreadableSubmission, match=r"ipynb\)\. Folders more than 6 deep were not opened\. In Colab"):
        find(laid(tmp_path, {"a/b/c/d/e/f/g/h/hw.ipynb": OWN}))
