"""The signs in a component's text."""

import time

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.grading.rubric import load
from autograder.student.grading.signs import MOST, Sign, seen
from autograder.student.program import outline
from tests.notebooks import notebook

RUBRIC = load(PS7)
CLIP = Sign(items=("train",), calls=("clip_grad_norm_",), says="bounds the gradients.")
SMOOTH = Sign(items=("train",), keywords=("label_smoothing",), says="is a setting.")
OTHER = Sign(items=("encode",), calls=("clip_grad_norm_",), says="is no sign of this item.")


def of(*cells, signs=(CLIP, SMOOTH, OTHER), others=frozenset({"Encoder"})):
    return seen(signs, "train", "train", outline(notebook(*cells)), others)


def test_a_sign_is_told_with_its_place():
    cell = "import torch\n\ndef train(m):\n    x = (\n        nn.utils\n        .clip_grad_norm_(m, 1)\n    )"
    assert of("x = 1", cell) == ["`clip_grad_norm_` in code cell 2, line 6, bounds the gradients."]


def test_it_is_looked_for_in_the_notebooks_own_helpers_and_in_no_other_item():
    helper = "def smooth(a, b):\n    return ce(a, b,\n        label_smoothing=0.1)"
    unused = "def unused(m):\n    clip_grad_norm_(m)"
    other = "class Encoder:\n    def f(self):\n        clip_grad_norm_(self)"
    train = "def train(m):\n    return smooth(Encoder(), 1)"
    assert of(helper, unused, other, train) == ["`label_smoothing` in code cell 1, line 3, is a setting."]


@pytest.mark.parametrize("text", ["def train(:", "x = 1", "def train(): 'clip_grad_norm_(m)'  # clip_grad_norm_(m)"])
def test_where_there_is_none_nothing_is_told(text):
    assert of(text) == []


def test_each_is_told_once_and_not_too_many():
    signs = [Sign(items=("train",), calls=(f"f{n}",), says=f"is {n}.") for n in range(9)]
    body = "\n".join(f"    f{n}(1); f{n}(2)" for n in range(9))
    assert len(of(f"def train():\n{body}", signs=signs)) == MOST


def test_a_long_chain_of_helpers_takes_no_time():
    chain = "\n".join(f"f{n} = f{n + 1}" for n in range(3000))
    read = outline(notebook(f"{chain}\ndef train():\n    return f0"))
    started = time.process_time()
    seen([CLIP], "train", "train", read, frozenset())
    assert time.process_time() - started < 3


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_no_sign_of_the_assignment_is_in_a_solved_notebook(frame):
    read = outline(frames.submission(PS7, "solution", frame))
    found = {
        item.name: seen(RUBRIC.signs, item.name, item.needs[0], read, RUBRIC.asked - {item.needs[0]})
        for item in RUBRIC.items
        if item.probes
    }
    assert {name: said for name, said in found.items() if said} == {}
