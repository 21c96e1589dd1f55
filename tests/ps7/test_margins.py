"""The tolerance has a margin on both sides: it is far above the spread of the reference's own numbers, and far below
every mistake."""

import numpy as np
import pytest

from autograder.guest.outcomes import Reply
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import corpus, frames
from autograder.student.grading.bank import slug_of
from autograder.student.grading.examination import Clock, Limits, examine, sliced
from autograder.student.grading.rubric import load
from autograder.student.program import Submission, outline, program_for
from tests.notebooks import edited

RUBRIC = load(PS7)
BANK = PS7.bank()
PROBED = [item for item in RUBRIC.items if item.probes]
CLEAR = 5
"""In units of the tolerance: a value that is farther away is never taken for right, on any machine."""
SPREAD = 1 / 20
"""In units of the tolerance: how far the reference's numbers may differ from the recorded ones, with any number of
threads and on any processor. A processor with other instructions than the recording's gave 1/33 (Adam's steps in
train_classifier), others 1/50."""
NEAR = {
    ("train_ae", "update", "train-ae-loss-summed"): "Adam hardly sees a factor on the loss",
    ("train_ae", "update", "train-ae-root-of-the-error"): "Adam hardly sees that each minibatch's factor is another",
    **{
        ("clip_model", check, "clip-soft-targets"): "soft targets over twice 0.07 are nearly the diagonal"
        for check in ("loss", "gradient", "hidden")
    },
    ("train_ae", "trajectory", "train-ae-encoder-alone"): "two epochs are few for a loss to show it",
    ("train_ae", "trajectory", "train-ae-noised-input"): "the noise averages out in a loss",
    ("train_ae", "trajectory", "train-ae-zero-grad-missing"): "Adam's first steps hardly depend on it",
    ("train_ae", "epochs", "train-ae-noised-input"): "the noise averages out in a loss",
    ("train_classifier", "epochs", "classifier-adamw"): "weight decay is small beside the loss",
    ("train_classifier", "epochs", "classifier-weight-decay-missing"): "weight decay is small beside the loss",
}
"""Item, check and misconception that only this check would tell by a narrow margin, and why; another check tells it."""


def distance(got, expected, fields):
    """The largest of the fields' distances, relative to the reference's largest value; infinite where a fact differs."""
    if not (isinstance(got, Reply) and isinstance(expected, Reply)):
        return np.inf
    largest = 0.0
    for field in fields:
        if field in expected.facts and got.facts.get(field) != expected.facts[field]:
            return np.inf
        array = expected.arrays.get(field)
        if array is None or not array.size:
            continue
        other = got.arrays.get(field)
        if other is None or other.shape != array.shape or (array.dtype.kind == "i" and (other != array).any()):
            return np.inf
        if array.dtype.kind == "f" and (scale := np.abs(array).max()):
            gap = np.abs(other.astype(np.float64) - array).max() / scale
            largest = max(largest, np.inf if np.isnan(gap) else gap)
    return largest


def farthest(item, check, form):
    """Over all cases of the check."""
    cases = ((BANK.mistaken(item.name, case)[form], BANK.expected(item.name, case)) for case in check.cases)
    return max(distance(*both, check.fields) for both in cases)


def mistakes(item):
    return [form for form, description in BANK.misconceptions.items() if description.item == item.name]


@pytest.mark.parametrize("item", PROBED, ids=lambda item: item.name)
def test_every_mistake_is_far_from_right(item):
    for form in mistakes(item):
        assert max(farthest(item, check, form) for check in item.checks if check.points) > CLEAR * RUBRIC.tolerance, (
            form
        )


@pytest.mark.parametrize("item", PROBED, ids=lambda item: item.name)
def test_no_check_decides_by_a_hair(item):
    near = {
        (item.name, check.name, slug_of(form))
        for check in item.checks
        if check.points
        for form in mistakes(item)
        if 1 / CLEAR < farthest(item, check, form) / RUBRIC.tolerance < CLEAR
    }
    assert near <= NEAR.keys()


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("item", PROBED, ids=lambda item: item.name)
def test_the_reference_hardly_spreads(item, threads, sandbox):
    solved = frames.submission(PS7, "solution")
    text = next(cell.source for cell in solved.cells if cell.kind == "code" and "import torch\n" in cell.source)
    notebook = edited(solved, {text: f"{text}\ntorch.set_num_threads({threads})"})
    cases = {name: case for name, case in item.cases.items() if not case.probes}
    with sandbox.open(item.probes, sliced(program_for(outline(notebook), item.needs)), 120) as session:
        for name, case in cases.items():
            fields = {field for check in item.checks if name in check.cases for field in check.fields}
            reply = session.ask(case.probe, case.arguments)
            arrays = [field for field in fields if field in reply.arrays]  # others are made of these, outside
            assert distance(reply, BANK.expected(item.name, name), arrays) < SPREAD * RUBRIC.tolerance, name


@pytest.mark.slow
@pytest.mark.parametrize("case", [*corpus.cases(PS7.corpus / "correct", PS7, RUBRIC)], ids=lambda case: case.name)
def test_right_solutions_hardly_spread(case, plain):
    """Right heads in other styles: in float64, with einsum, with parameters of their own."""
    submission = Submission.of(case.notebook)
    for item in PROBED:
        if item.name in case.expected.full_marks:
            asked = [name for check in item.checks if check.points for name in check.cases]
            answers = examine(item, asked, submission, plain, Clock(Limits()))
            for check in item.checks:
                for name in check.cases if check.points else ():
                    if isinstance(answers[name], Reply):
                        gap = distance(answers[name], BANK.expected(item.name, name), check.fields)
                        assert gap < SPREAD * RUBRIC.tolerance, (item.name, check.name, name)
