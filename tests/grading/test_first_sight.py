"""One true sentence at the top where a notebook as a whole is not what it should be."""

import json

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import corpus, frames
from autograder.student.grading.first_sight import first_sight
from autograder.student.grading.rubric import load
from autograder.student.program import Submission
from autograder.student.submission.notebook import parse_notebook
from tests.notebooks import notebook

RUBRIC = load(PS7)
DECODER = "class Decoder(nn.Module):\n    pass"


def said(made):
    return first_sight(Submission.of(made), RUBRIC)


@pytest.mark.parametrize("language", ["R", "julia", "C++17"])
def test_another_language(language):
    made = msgspec.structs.replace(notebook("x <- c(1, 2)"), language=language)
    assert said(made).startswith(f"This notebook is written in another language: its file says `{language}`.")


@pytest.mark.parametrize("language", ["python", "Python", "ipython3", ""])
def test_python_is_no_other_language(language):
    assert "language" not in said(msgspec.structs.replace(notebook("x = 1"), language=language))


def test_who_writes_python_in_an_r_notebook_is_told_nothing_of_it():
    assert said(msgspec.structs.replace(notebook("class Encoder: pass"), language="R")) == ""


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"language": "R", "name": "ir"}}, "R"),
        ({"language_info": {"name": "julia"}, "kernelspec": {"language": "python"}}, "julia"),
        ({"kernelspec": 3, "language_info": {"name": ["R"]}}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_the_language_is_read_from_the_file(metadata, language):
    cell = {"cell_type": "code", "source": "x", "outputs": []}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}
    assert parse_notebook(json.dumps(content).encode()).language == language


def test_a_merge_that_was_not_finished():
    torn = "class Encoder:\n<<<<<<< HEAD\n    x = 1\n=======\n    x = 2\n>>>>>>> mine\n"
    assert said(notebook("import torch", torn)).startswith("Code cell 2 still has the marks of an unfinished git merge")


@pytest.mark.parametrize("text", ["print('=======')", "# =======\nx = 1", "'''\n=======\n'''", "x = 1 << 7"])
def test_a_line_under_a_heading_is_no_merge(text):
    assert said(notebook("class Encoder: pass", text)) == ""


def test_code_in_text_cells():
    both = notebook("class Encoder: pass", ("#", DECODER), ("#", "```python\ndef train_ae(model):\n```"))
    assert said(both).startswith("`Decoder` and `train_ae` stand in text cells, which are not run.")
    assert said(notebook("class Encoder: pass", ("#", DECODER))).startswith("`Decoder` stands in text cells")
    assert said(notebook("class Encoder: pass", ("#", DECODER), DECODER)) == ""


def test_another_assignment():
    assert "asks for is in the notebook" in said(notebook("import numpy as np\ndef softmax(x):\n    return x"))
    assert said(notebook("# class Encoder: to do")) == ""
    assert said(notebook("class Encoder(:\n    pass")) == ""


@pytest.mark.parametrize("version", ["solution", "template"])
@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_of_the_frames_nothing_is_said(frame, version):
    assert said(frames.submission(PS7, version, frame)) == ""


def test_of_right_notebooks_nothing_is_said():
    told = {case.name: said(case.make()) for case in corpus.cases(PS7.corpus / "correct", PS7, RUBRIC)}
    assert {name: sentence for name, sentence in told.items() if sentence} == {}
