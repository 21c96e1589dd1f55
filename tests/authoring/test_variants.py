"""Right solutions composed at random have full marks."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.ps7.staff.variants import WRITTEN
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring.style import Style
from autograder.staff.authoring.variants import composed
from autograder.staff.commands.validate import validate, variant


@given(st.integers(0, 10**9), st.sampled_from(sorted(WRITTEN)))
def test_every_composition_is_one_definition(seed, item):
    (node,) = ast.parse(WRITTEN[item](Style(seed))).body
    assert node.name in PS7.solution.read_text(encoding="utf-8")


def test_they_differ_from_one_another(rubric):
    notebooks = [composed(PS7, rubric, seed) for seed in range(10)]
    assert len({"\n".join(cell.source for cell in notebook.cells) for notebook in notebooks}) == 10
    assert composed(PS7, rubric, 3) == notebooks[3]


def seeds(count):
    return pytest.mark.parametrize("seed", range(count))


@seeds(4)
def test_it_has_full_marks(seed, rubric, bank, plain):
    assert validate(variant(PS7, rubric, seed), rubric, bank, plain).off == ()


@pytest.mark.slow
@seeds(200)
def test_it_has_full_marks_from_confined_guests(seed, rubric, bank, sandbox):
    assert validate(variant(PS7, rubric, seed), rubric, bank, sandbox).off == ()
