"""Everything that a change to one item can affect: `make test-item ITEM=encoder`. `make test-all` has it for all
items."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.mutants import first_order, pairs
from autograder.staff.commands.mutation import look_at
from autograder.staff.commands.validate import everything_known, validate, variant
from autograder.student.grading.rubric import load

RUBRIC = load(PS7)
KNOWN = {f"{known.kind}:{known.name}": known for known in everything_known(PS7, RUBRIC)}


@pytest.fixture
def item(request):
    return request.config.getoption("item")


def pytest_generate_tests(metafunc):
    asked = metafunc.config.getoption("item")
    if "name" in metafunc.fixturenames:
        about = [
            name for name, known in KNOWN.items() if asked in (*known.expected.full_marks, *known.expected.loses_marks)
        ]
        metafunc.parametrize("name", about)
    if "frame" in metafunc.fixturenames:
        probed = RUBRIC.item(asked).probes
        held = [frame for frame in PS7.every_frame if probed and asked in frames.held(PS7, RUBRIC, frame)]
        metafunc.parametrize("frame", held, ids=lambda frame: frame.name)


def test_what_is_known_of_it_in_every_frame(name, item, plain, bank):
    assert validate(KNOWN[name].about([item]), RUBRIC.only([item]), bank, plain).off == ()


@pytest.mark.parametrize("seed", range(40))
def test_right_ways_to_write_it(seed, item, plain, bank):
    assert validate(variant(PS7, RUBRIC, seed).about([item]), RUBRIC.only([item]), bank, plain).off == ()


def test_every_small_change_of_it(frame, item, plain, bank):
    chosen = RUBRIC.item(item)
    mutants = [*first_order(PS7, chosen, frame), *pairs(PS7, [chosen], frame, 20)]
    seen = list(look_at(mutants, PS7, RUBRIC, frame, bank, plain))
    assert [each for each in seen if each.is_missed or each.elsewhere] == []
