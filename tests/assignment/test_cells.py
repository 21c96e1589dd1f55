"""The cells for students' own notebooks: each shows every mistake of its item, and nothing where there is none."""

import contextlib
import io
import re

import matplotlib as mpl
import pytest

from autograder.assignment.colab.tokenizers import StandInTokenizer
from autograder.assignment.files import CELLS, PS7
from autograder.authoring import corpus, frames, misconceptions
from autograder.grading.rubric import load
from autograder.program import outline, program_for

RUBRIC = load(PS7.rubric)
NAMES = sorted(path.stem for path in CELLS.glob("*.py"))
MISTAKES = [each for each in misconceptions.every(PS7, RUBRIC) if each.description.item in NAMES]
UNSEEN = {
    "clip-loop": "the loss is right; the loop is read, not run",
    "retrieve-loop": "the matches are right; the loop is read, not run",
    "decoder-relu-after-sigmoid": "what is above 0 a ReLU leaves as it is",
}
"""Slug to the reason why its cell does not show it."""

OF_ONE_CLASS = ("encoder", "decoder", "projection_head")
"""Items whose code asks neither for a GPU nor for downloads, which this test has none of."""

UNUSUAL = {"f-head-one-matrix": {"projection_head"}}
"""Case to items whose parameters no cell can set to known values: its bias is a row of its only matrix."""


def run(notebook, item):
    """What the cell prints below the notebook's code: pairs of what is expected and what came."""
    namespace = {"__name__": "__main__"}
    for statement in program_for(outline(notebook), RUBRIC.item(item).needs).statements:
        exec(compile(statement.source, "notebook", "exec"), namespace)
    namespace |= {"DistilBertTokenizer": StandInTokenizer}
    mpl.use("agg")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile((CELLS / f"{item}.py").read_text(), "cell", "exec"), namespace)
    rows = [
        (match[1].split(), match[2].split())
        for line in said.getvalue().split("\n")
        if (match := re.search(r"expected\s+(.*?),?\s+yours(.*)$", line))
    ]
    assert rows
    return rows


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
@pytest.mark.parametrize("item", NAMES)
def test_where_all_is_right_both_are_the_same(item, frame):
    for expected, yours in run(frames.submission(PS7, "solution", frame), item):
        assert expected == yours


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.slug)
def test_every_mistake_is_seen(mistake):
    try:
        seen = any(expected != yours for expected, yours in run(mistake.notebook, mistake.description.item))
    except Exception:
        seen = True  # an exception is hard to overlook
    assert seen or mistake.slug in UNSEEN
    assert not (seen and mistake.slug in UNSEEN)


def test_right_variants_are_shown_as_right():
    wrong, shown = [], 0
    for case in corpus.cases(PS7.corpus / "correct", PS7, RUBRIC):
        for item in {*OF_ONE_CLASS} & {*case.expected.full_marks} - UNUSUAL.get(case.name, set()):
            shown += 1
            try:
                wrong += [(case.name, item, *row) for row in run(case.notebook, item) if row[0] != row[1]]
            except Exception as error:
                wrong.append((case.name, item, repr(error)))
    assert wrong == []
    assert shown > 200
