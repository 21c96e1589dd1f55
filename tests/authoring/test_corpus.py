"""Everything whose verdict is known, graded for real: the solved and the blank notebook, every misconception, the corpus."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.commands.validate import everything_known, validate
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.program import Submission, outline, program_for
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start
from tests.tiers import drawn, every_second

RUBRIC = load(PS7)
KNOWN = {f"{known.kind}:{known.name}": known for known in everything_known(PS7, RUBRIC)}


@pytest.fixture(scope="module")
def confined():
    with Remembering(start(RUBRIC.environment)) as sandbox:
        yield sandbox


def programs(make):
    """The text of the questions of each item."""
    read = outline(make())
    return {
        item.name: [statement.source for statement in program_for(read, item.needs).statements]
        for item in RUBRIC.items
        if item.probes
    }


@pytest.fixture(scope="module")
def asked_elsewhere():
    """The submissions with the solved notebooks, which are looked at as a whole."""
    return [programs(make) for make in KNOWN["solution:solution"].frames.values()]


def first_look(known, asked_elsewhere):
    """The items in which most mistakes of the grader show, in one frame. Of a wrong case its own items; of a right case
    those with another program than in a solved notebook, or where that is most of them, every second of them, and what
    is rehearsed in the whole notebook. And one more, which the case must not cost."""
    frame = drawn(known.name, known.frames)
    held = known.held.get(frame, frozenset(item.name for item in RUBRIC.items))
    items = set(known.expected.loses_marks)
    if not items and not known.expected.unread_before:
        own = programs(known.frames[frame])
        items = {
            item for item in own if not any(item in there and there[item] == own[item] for there in asked_elsewhere)
        }
        if len(items) > len(own) / 2:
            items = {"train_classifier", *every_second(known.name, items)}
        items |= {item.name for item in RUBRIC.items if item.reader}
    others = (held & {*known.expected.full_marks}) - items
    items |= {drawn(known.name, others)} if others else set()
    return known.in_frame(frame).about(items), RUBRIC.only(items)


@pytest.mark.parametrize("name", [name for name, known in KNOWN.items() if "reframed" not in known.kind])
def test_the_verdict_is_the_known_one(name, asked_elsewhere, plain, bank):
    known = KNOWN[name]
    whole = known.kind in ("solution", "template")
    known, rubric = (known, RUBRIC) if whole else first_look(known, asked_elsewhere)
    assert validate(known, rubric, bank, plain).off == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_it_is_so_in_every_frame_on_every_item_and_in_confined_guests(name, confined, plain, bank):
    """Word for word: one process for all programs, and a process for each."""
    known = KNOWN[name]
    assert validate(known, RUBRIC, bank, plain).off == ()
    for make in known.frames.values():
        one, other = (
            [verdicts for _, verdicts in grade(Submission.of(make()), RUBRIC, bank, sandbox, Clock(Limits()))]
            for sandbox in (confined, plain)
        )
        assert one == other


def test_the_corpus_is_as_large_as_it_has_to_be():
    kinds = [known.kind for known in KNOWN.values()]
    assert kinds.count("correct") >= 30
    assert kinds.count("misconception") >= 40


def test_every_correct_case_has_full_marks_on_every_item_that_is_probed():
    """A case makes claims about the items that it holds; it does not fail on items that came to the assignment
    later."""
    for known in KNOWN.values():
        if known.kind == "correct":
            bound = {name for each in outline(known.frames[""]()).statements for name in each.binds}
            held = {item.name for item in RUBRIC.items if item.probes and item.needs[0] in bound}
            assert held
            assert held <= {*known.expected.full_marks, *known.expected.unread_before}, known.name


def test_every_wrong_case_says_what_it_loses():
    assert all(known.expected.loses_marks for known in KNOWN.values() if known.kind == "wrong")
