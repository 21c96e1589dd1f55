"""Everything whose verdict is known, graded for real: the solved and the blank notebook, every misconception, the corpus."""

import pytest

from autograder.assignment.files import PS7
from autograder.commands.validate import everything_known, validate
from autograder.grading.examination import Clock, Limits
from autograder.grading.grade import grade
from autograder.grading.rubric import load
from autograder.program import outline
from autograder.sandbox.remembering import Remembering
from autograder.sandbox.starting import start
from tests.tiers import drawn

RUBRIC = load(PS7.rubric)
KNOWN = {f"{known.kind}:{known.name}": known for known in everything_known(PS7, RUBRIC)}


@pytest.fixture(scope="module")
def confined():
    with Remembering(start(RUBRIC.environment)) as sandbox:
        yield sandbox


def first_look(known):
    """Where most of what can be off shows. Of a wrong case its own items and one that it must not cost; of a right one
    everything that it holds; in one of its frames."""
    frame = drawn(known.name, known.frames)
    if not known.expected.loses_marks:
        return known.in_frame(frame), RUBRIC
    held = known.held.get(frame, known.expected.full_marks)
    others = [item for item in known.expected.full_marks if item in held]
    items = [*known.expected.loses_marks, *([drawn(known.name, others)] if others else [])]
    return known.in_frame(frame).about(items), RUBRIC.only(items)


@pytest.mark.parametrize("name", KNOWN)
def test_the_verdict_is_the_known_one(name, plain, bank):
    known = KNOWN[name]
    known, rubric = (known, RUBRIC) if known.kind in ("solution", "template") else first_look(known)
    assert validate(known, rubric, bank, plain).off == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_it_is_so_in_every_frame_and_on_every_item(name, plain, bank):
    assert validate(KNOWN[name], RUBRIC, bank, plain).off == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_confined_guests_lead_to_the_same_verdict(name, confined, plain, bank):
    """To the word: one process for all programs, and a process for each."""
    for make in KNOWN[name].frames.values():
        both = [
            [verdicts for _, verdicts in grade(make(), RUBRIC, bank, sandbox, Clock(Limits()))]
            for sandbox in (confined, plain)
        ]
        assert both[0] == both[1]


def test_the_corpus_is_as_large_as_it_has_to_be():
    kinds = [known.kind for known in KNOWN.values()]
    assert kinds.count("correct") >= 30
    assert kinds.count("misconception") >= 40


def test_every_correct_case_has_full_marks_on_every_item_that_is_probed():
    """A case speaks of the items that it holds; what came to the assignment later is not asked of it."""
    for known in KNOWN.values():
        if known.kind == "correct":
            bound = {name for each in outline(known.frames[""]()).statements for name in each.binds}
            held = {item.name for item in RUBRIC.items if item.probes and item.needs[0] in bound}
            assert held
            assert held <= {*known.expected.full_marks, *known.expected.unread_before}, known.name


def test_every_wrong_case_says_what_it_loses():
    assert all(known.expected.loses_marks for known in KNOWN.values() if known.kind == "wrong")
