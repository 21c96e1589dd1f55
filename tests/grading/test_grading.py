"""A whole grading of small notebooks: no item can affect another, and every point is accounted for."""

import time

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade, left_out, untouched
from autograder.student.grading.rubric import load
from autograder.student.program import Submission, outline
from autograder.student.submission.notebook import parse_notebook
from tests.notebooks import notebook

RUBRIC = load(PS7)
BANK = PS7.bank()
HEAD = """
import torch, torch.nn as nn, torch.nn.functional as F
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=256):
        super().__init__()
        self.linear = nn.Linear(embedding_dim, projection_dim)
    def forward(self, x):
        return F.normalize(self.linear(x))
"""


def graded(sandbox, *cells, limits=Limits(item=20), rubric=RUBRIC, bank=BANK):  # noqa: B008 - immutable
    graded = grade(Submission.of(notebook(*cells)), rubric, bank, sandbox, Clock(limits))
    return {item.name: verdicts for item, verdicts in graded}


def score(verdicts):
    return round(sum(verdict.score for verdict in verdicts), 6)


HARM = {
    "exits": "import os\nclass Encoder:\n    def __init__(self, *a):\n        os._exit(3)",
    "crashes": "import ctypes\nclass Encoder:\n    def __init__(self, *a):\n        ctypes.string_at(0)",
    "kills itself": "import os, signal\nclass Encoder:\n    def __init__(self, *a):\n        os.kill(os.getpid(), signal.SIGKILL)",
    "hangs": "class Encoder:\n    def __init__(self, *a):\n        while True:\n            pass",
    "sleeps": "import time\nclass Encoder:\n    def __init__(self, *a):\n        time.sleep(3600)",
    "floods": "class Encoder:\n    def __init__(self, *a):\n        while True:\n            print('x' * 1_000_000)",
    "swallows everything": "class Encoder:\n    def __init__(self, *a):\n        while True:\n            try:\n                while True: pass\n"
    "            except BaseException:\n                pass",
    "raises something odd": "class Odd(BaseException):\n    def __str__(self):\n        raise self\nclass Encoder:\n    def __init__(self, *a):\n"
    "        raise Odd",
    "is no module": "class Encoder:\n    def __init__(self, *a):\n        pass",
    "is no class": "Encoder = 7",
}
WORDS = {
    "exits": "exit code 3",
    "crashes": "SIGSEGV",
    "kills itself": "SIGKILL",
    "hangs": "still running after 2 s and was stopped in code cell 1, line ",
}


@pytest.mark.parametrize("harm", HARM)
def test_harm_to_one_item_leaves_the_others(harm, sandbox):
    verdicts = graded(
        sandbox, HARM[harm], HEAD, limits=Limits(item=2), rubric=RUBRIC.only(["encoder", "projection_head"])
    )
    assert score(verdicts["encoder"]) == 0
    assert score(verdicts["projection_head"]) == 1
    assert WORDS.get(harm, "") in verdicts["encoder"][0].message
    assert all(verdict.message for verdict in verdicts["encoder"])


def test_points_add_up_whatever_is_handed_in(sandbox):
    verdicts = graded(sandbox, HEAD)
    assert list(verdicts) == [item.name for item in RUBRIC.items]
    assert sum(verdict.max_score for each in verdicts.values() for verdict in each) == pytest.approx(RUBRIC.points)
    numbers = [verdict.number for each in verdicts.values() for verdict in each]
    assert len(set(numbers)) == len(numbers)


def test_a_note_costs_nothing(sandbox):
    narrow = HEAD.replace("nn.Linear(embedding_dim, projection_dim)", "nn.Linear(embedding_dim, 256)")
    verdicts = graded(sandbox, narrow)["projection_head"]
    assert score(verdicts) == 1
    note = next(verdict for verdict in verdicts if not verdict.max_score)
    assert note.passed
    assert "it costs nothing" in note.message


def test_normalisation_outside_of_the_head_costs_a_part_of_the_head_alone(sandbox):
    bare = HEAD.replace("F.normalize(self.linear(x))", "self.linear(x)")
    verdicts = graded(sandbox, bare)["projection_head"]
    assert 0 < score(verdicts) < 1
    assert {verdict.misconception for verdict in verdicts if not verdict.passed} == {"head-not-normalised"}


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_who_has_written_nothing_is_told_what_to_write_and_not_what_was_expected(sandbox, frame):
    probed = RUBRIC.only([item.name for item in RUBRIC.items if item.probes])
    blank = frames.submission(PS7, "template", frame)
    for item, verdicts in grade(Submission.of(blank), probed, BANK, sandbox, Clock(Limits())):
        assert score(verdicts) == 0
        assert f"This is still the template's blank. {item.todo}" in verdicts[0].message
        assert not [verdict.message for verdict in verdicts if "xpected" in verdict.message]


def test_public_checks_need_no_hidden_bank(sandbox):
    verdicts = graded(sandbox, HEAD, rubric=RUBRIC.public(), bank=PS7.bank("public"))
    assert list(verdicts) == [item.name for item in RUBRIC.items]
    assert not any(verdict.check == "hidden" for each in verdicts.values() for verdict in each)
    assert all(verdict.passed for verdict in verdicts["projection_head"])
    assert verdicts["report_ae"]


def test_answers_learnt_by_heart_earn_nothing():
    """Every check with points that compares values of the student's code has a hidden case."""
    about_form = {
        ("encoder", "parameters"),
        ("decoder", "parameters"),
        ("train_classifier", "methods"),
        ("clip_model", "construction"),
        ("clip_model", "vectorised"),
        ("retrieve_images", "vectorised"),
    }
    for item in RUBRIC.items:
        for check in item.checks:
            asked = [item.cases[case] for case in check.cases]
            if check.points and asked and (item.name, check.name) not in about_form:
                assert any(case.bank == "hidden" for case in asked), (item.name, check.name)


def test_when_the_time_is_used_up_the_rest_says_so(sandbox):
    started = time.monotonic()
    verdicts = graded(sandbox, HARM["sleeps"], HEAD, limits=Limits(item=30, total=2))
    assert time.monotonic() - started < 15
    assert score(verdicts["projection_head"]) == 0
    assert "the items before this one used up the time" in verdicts["projection_head"][0].message


def test_untouched_has_every_point_and_none_scored():
    verdicts = untouched(RUBRIC, "Not yet.")
    assert sum(verdict.max_score for verdict in verdicts) == pytest.approx(RUBRIC.points)
    assert not any(verdict.score for verdict in verdicts)
    assert {verdict.message for verdict in verdicts} == {"Not yet."}


def test_what_was_left_out_is_said():
    cells = [
        "encoder = make()\nfor x in train_loader:\n    encoder(x)",
        "class Encoder:\n    side = encoder",
        "def broken(:",
    ]
    notes = left_out(outline(notebook(*cells)), RUBRIC)
    assert any("code cell 3 has a syntax error" in note.lower() for note in notes)


def test_a_default_argument_may_name_what_is_left_out(sandbox):
    cells = [
        "train_loader = DataLoader(STL10('data', download=True))",
        HEAD + "def show(loader=train_loader):\n    pass\n",
    ]
    loader = HEAD.replace("projection_dim=256):", "projection_dim=256, loader=train_loader):")
    assert score(graded(sandbox, cells[0], loader)["projection_head"]) == 1


def test_two_gradings_are_equal_byte_for_byte(sandbox):
    one, other = (graded(sandbox, HARM["is no module"], HEAD) for _ in range(2))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


@pytest.mark.parametrize("harm", ["while True: pass", "import os; os._exit(3)"])
def test_a_head_that_ends_its_guest_is_not_imitated_for_the_model(harm, sandbox):
    solved = frames.generate(PS7, "solution")
    for cell in solved.cells:
        if cell.metadata.get("item") == "projection_head":
            cell.source = cell.source.replace("def forward(self, x):\n", f"def forward(self, x):\n        {harm}\n")
    submitted = parse_notebook(frames.text(solved).encode())
    rubric = RUBRIC.only(["decoder", "projection_head", "clip_model", "retrieve_images"])
    verdicts = {
        item.name: score(each)
        for item, each in grade(Submission.of(submitted), rubric, BANK, sandbox, Clock(Limits(item=3)))
    }
    assert verdicts == {item.name: 0 if item.name == "projection_head" else item.points for item in rubric.items}


@pytest.mark.parametrize(("usual", "seconds"), [(None, 90), (0.1, 10), (3.0, 30), (60.0, 90)])
def test_the_wait_follows_what_the_reference_takes(usual, seconds):
    assert Clock(Limits()).for_item(usual) == pytest.approx(seconds)


def test_syntax_that_only_a_newer_python_knows_is_for_a_person_to_look_at(sandbox):
    newer = msgspec.structs.replace(notebook(HEAD.replace("F.normalize", "F.normalize $ 3")), python=(3, 99))
    verdicts = grade(Submission.of(newer), RUBRIC, BANK, sandbox, Clock(Limits()))
    head = next(each for item, each in verdicts if item.name == "projection_head")
    assert score(head) == 0
    assert all("3.99" in verdict.needs_review for verdict in head)
    assert not any(verdict.misconception for verdict in head)
    assert "not counted as your mistake" in head[0].message
    assert any("3.99" in note for note in left_out(outline(newer), RUBRIC))
    older = msgspec.structs.replace(newer, python=(3, 8))
    assert not any(
        verdict.needs_review
        for _, each in grade(Submission.of(older), RUBRIC, BANK, sandbox, Clock(Limits()))
        for verdict in each
    )
