"""Wrong set-ups of Methods I, II and III, in every given notebook and every style: they are caught, named, and cost no
other item. The right set-ups cost nothing and are sure."""

import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.program import Submission
from autograder.student.submission.notebook import parse_notebook
from tests.ps7.test_methods import FORMS, SETUPS
from tests.tiers import drawn

RUBRIC = load(PS7)
NAMED = {
    "right": set(),
    "three supervised": {"methods-three-supervised"},
    "two not supervised": {"methods-none-supervised"},
    "one with a new encoder": {"methods-one-uses-new-encoder"},
    "two pretrained": {"methods-two-uses-pretrained-encoder"},
    "three pretrained": {"methods-three-uses-pretrained-encoder"},
    "three with two's": {"methods-three-uses-trained-encoder"},
    "three missing": {"methods-three-missing"},
    "one supervised": {"methods-pretrained-encoder-trained-on"},
    "two and three exchanged": {"methods-two-and-three-exchanged"},
    "not filled in": {"methods-not-filled-in"},
}
LOADERS = {"course": {"train_loader": "dataloader_tr", "test_loader": "dataloader_te"}}


def in_frame(frame, cells):
    """The frame's solved notebook with these cells in place of the methods'."""
    solved = frames.generate(PS7, "solution", frame)
    places = [
        number
        for number, cell in enumerate(solved.cells)
        if cell.metadata.get("item") == "train_classifier" and "def train_classifier" not in cell.source
    ]
    assert len(places) == 3
    new = []
    for text in cells:
        for ours, theirs in LOADERS.get(frame.name, {}).items():
            text = text.replace(ours, theirs)
        new.append(nbformat.v4.new_code_cell(text))
    calls_of_test = [number for number, cell in enumerate(solved.cells) if places[0] < number < places[-1] + 2]
    kept = [cell for number, cell in enumerate(solved.cells) if number not in {*places, *calls_of_test}]
    kept[places[0] : places[0]] = new
    solved.cells = kept
    return parse_notebook(frames.text(solved).encode())


EVERY = [(setups, form, frame) for setups in SETUPS for form in FORMS for frame in PS7.every_frame]
FRAMES = len(PS7.every_frame)
PAIRS = [each for number, each in enumerate(EVERY) if number % FRAMES == number // FRAMES % FRAMES]
"""Every set-up in every form, with the frames in turn, so that every pair of a set-up, a form and a frame is there."""


def named(cases):
    return pytest.mark.parametrize(
        ("setups", "form", "frame"),
        [pytest.param(*each, id=f"{each[0]}-{each[1].__name__}-{each[2].name}") for each in cases],
    )


def verdicts_are_right(setups, form, frame, rubric, sandbox, bank):
    submitted = in_frame(frame, list(form(SETUPS[setups])))
    verdicts = [v for _, each in grade(Submission.of(submitted), rubric, bank, sandbox, Clock(Limits())) for v in each]
    probed = {item.name for item in rubric.items if item.probes} & frames.held(PS7, RUBRIC, frame)
    lost = [(v.item, v.check) for v in verdicts if v.item in probed and v.score < v.max_score]
    assert lost == ([] if setups == "right" else [("train_classifier", "methods")])
    assert {v.misconception for v in verdicts if v.item in probed} - {None} == NAMED[setups]
    assert not any(v.needs_review for v in verdicts)


@named(PAIRS)
def test_a_set_up_costs_its_own_check_and_is_named(setups, form, frame, plain, bank):
    other = drawn(setups, [item.name for item in RUBRIC.items if item.name != "train_classifier"])
    verdicts_are_right(setups, form, frame, RUBRIC.only(["train_classifier", other]), plain, bank)


@pytest.mark.slow
@named(EVERY)
def test_it_does_so_in_every_frame_and_costs_no_other_item(setups, form, frame, plain, bank):
    verdicts_are_right(setups, form, frame, RUBRIC, plain, bank)
