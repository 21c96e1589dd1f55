"""Edits find their code in every layout."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames, misconceptions
from autograder.staff.authoring.edits import Edit, edited, places, tokens
from autograder.student.grading.rubric import load

RUFF = Path(sys.executable).with_name("ruff")
OTHERWISE = ["format", "--quiet", "--line-length=200", "--config", "format.skip-magic-trailing-comma=true"]
OTHERWISE += ["--config", "format.quote-style='single'", "-"]

CODE = """
for x in loader:
    loss = criterion(  # of the minibatch
        model(x), "a",
    )
    loss.backward()
    step(x)
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("criterion(model(x), 'a')", "other(x)", "    loss = other(x)"),
        ("loss.backward()\n", "", "    step(x)"),
        ("loss.backward()\n", "if x:\n    loss.backward()\n", "        loss.backward()"),
        ("loss.backward()\nstep(x)\n", "step(x)\n", "    step(x)"),
        ("    loss.backward()\n", "loss.backward()\n", "loss.backward()"),
        ("step(x)", "one(x)\ntwo(x)", "    two(x)"),
        ("criterion( # of the minibatch\nmodel(x)", "criterion(model(-x)", '    loss = criterion(model(-x), "a",'),
    ],
)
def test_what_is_put_in_is_indented_as_what_it_replaces(old, new, line):
    assert line in edited(CODE, Edit(old, new)).split("\n")


@pytest.mark.parametrize("old", ["loss.forward()", "x", "# another remark\nstep(x)", ""])
def test_what_does_not_stand_there_once_is_refused(old):
    with pytest.raises(ValueError, match="times, not once"):
        edited(CODE, Edit(old, "y"))


@given(st.text("ab \n#'\",()[]\\", max_size=40))
def test_any_text_has_tokens_and_is_found_in_itself(text):
    known = tokens(text)
    assert [text[token.start : token.end] for token in known if not token.word.startswith('"')] == [
        token.word for token in known if not token.word.startswith('"')
    ]
    assert [start for start, _ in places(text, text)][:1] == [token.start for token in known[:1]]


@pytest.fixture(scope="module")
def in_another_layout():
    """The solved notebooks, with long lines and single quotes."""
    made = {}
    for frame in PS7.every_frame:
        made[frame] = frames.generate(PS7, "solution", frame)
        for cell in made[frame].cells:
            if cell.metadata.get("item") and cell.cell_type == "code":
                run = subprocess.run([RUFF, *OTHERWISE], input=cell.source, capture_output=True, text=True, check=True)
                cell.source = run.stdout
    return made


def trees(notebook):
    """The text without the indentation of docstrings."""
    code = [cell.source for cell in notebook.cells if cell.kind == "code" and "!" not in cell.source]
    return [re.sub(r"(\\n| )+", " ", ast.dump(ast.parse(source))) for source in code]


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_a_misconception_is_the_same_whatever_the_references_layout(frame, in_another_layout, monkeypatch):
    rubric, real = load(PS7), frames.generate
    usual = {mistake.slug: mistake.notebook for mistake in misconceptions.every(PS7, rubric, frame)}

    def generate(assignment, version, frame):
        other = real(assignment, version, frame)
        if version == "solution":
            for cell, formatted in zip(other.cells, in_another_layout[frame].cells, strict=True):
                cell.source = formatted.source
        return other

    monkeypatch.setattr(frames, "generate", generate)
    for mistake in misconceptions.every(PS7, rubric, frame):
        assert trees(mistake.notebook) == trees(usual[mistake.slug]), mistake.slug
