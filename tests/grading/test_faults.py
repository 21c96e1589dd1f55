"""The grader's own failures are never the student's: they have a state of their own, and only the staff see the
traceback."""

import sys

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.commands import grade as commands
from autograder.student.commands.grade import Settings, grade_submission
from autograder.student.grading import grade as grading
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.output.html import render
from autograder.student.output.results import decode, from_verdicts
from autograder.student.program import Submission
from autograder.student.sandbox.bounded import bounded
from autograder.student.sandbox.starting import start
from tests.notebooks import notebook

RUBRIC = load(PS7)
BANK = PS7.bank()
HERE = "tests.grading.failing"
SOLUTION = frames.submission(PS7, "solution")


def with_item(name, **changes):
    items = tuple(msgspec.structs.replace(each, **changes) if each.name == name else each for each in RUBRIC.items)
    return msgspec.structs.replace(RUBRIC, items=tuple(item for item in items if item.name in {name, "decoder"}))


def with_case(name, case, **changes):
    own = RUBRIC.item(name).cases
    return with_item(name, cases={**own, case: msgspec.structs.replace(own[case], **changes)})


def graded(rubric, sandbox, submission=SOLUTION):
    return [v for _, own in grade(Submission.of(submission), rubric, BANK, sandbox, Clock(Limits())) for v in own]


FAILING = {
    "a module of probes that is not there": (with_item("encoder", probes=f"{HERE}.nowhere"), "ModuleNotFoundError"),
    "a module of probes that fails": (with_item("encoder", probes="tests.grading.failing_import"), "ZeroDivisionError"),
    "a probe that is not there": (with_case("encoder", "public", probe="no_such_probe"), "AttributeError"),
    "a probe with other arguments": (with_case("encoder", "public", arguments={"seeds": 1}), "TypeError"),
    "a probe that raises": (with_item("encoder", probes=HERE), "KeyError"),
    "a field that nobody has described": (with_item("decoder", probes=HERE), "surprise"),
    "an interpreter that raises": (with_case("decoder", "public", interpreter=f"{HERE}:raising"), "KeyError"),
    "an interpreter that is not there": (
        with_case("decoder", "public", interpreter=f"{HERE}:nothing"),
        "AttributeError",
    ),
    "other probes that are not there": (
        with_case("train_classifier", "methods", probes=f"{HERE}.nowhere"),
        "ModuleNotFoundError",
    ),
    "a reader that raises": (with_item("report_ae", reader=f"{HERE}:raising"), "KeyError"),
    "a reader that forgets a check": (with_item("report_ae", reader=f"{HERE}:forgetful"), "KeyError"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_of_the_grader_is_told_apart(name, sandbox):
    rubric, said = FAILING[name]
    faulty = [v for v in graded(rubric, sandbox) if v.fault]
    assert faulty
    for verdict in faulty:
        assert verdict.message.startswith("This could not be checked")
        assert "Traceback" not in verdict.message
        assert verdict.needs_review.startswith("could not be checked: ")
        assert verdict.misconception is None
        assert verdict.score == 0
    assert "through no fault of your notebook" in faulty[0].message
    assert said in faulty[0].fault


def test_the_other_items_are_graded_as_ever(sandbox):
    verdicts = graded(with_item("encoder", probes=HERE), sandbox)
    assert sum(v.score for v in verdicts) == RUBRIC.item("decoder").points


def test_the_traceback_is_for_the_staff_alone(sandbox):
    results = from_verdicts(graded(with_item("encoder", probes=HERE), sandbox))
    *tests, staff = results.tests
    assert staff.visibility == "hidden"
    assert staff.max_score == 0
    assert "Traceback" in staff.output
    assert "failing.py" in staff.output
    assert not any("Traceback" in test.output for test in tests)
    assert {review["number"] for review in results.extra_data["needs_review"]} == {
        test.number for test in tests if test.extra_data.get("could_not_be_checked")
    }
    assert "not checked" in render(results, title="", notebook_name="")


WRONG = {
    "a constructor that takes nothing": "class Encoder(nn.Module):\n    def __init__(self): super().__init__()\n    def __call__(self): ...",
    "an output that is no tensor": "class Encoder(nn.Module):\n    def __init__(self, in_channels=3): super().__init__()\n    def forward(self, x): ...",
    "a class that is no module": "class Encoder:\n    def __init__(self, in_channels=3): ...",
    "no class at all": "Encoder = 3",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_without_a_line_in_the_traceback_stays_the_students(name, sandbox):
    submission = notebook("from torch import nn", WRONG[name])
    verdicts = [v for v in graded(with_item("encoder"), sandbox, submission) if v.item == "encoder"]
    assert sum(v.score for v in verdicts) == 0
    assert not any(v.fault for v in verdicts)
    assert verdicts[0].message.startswith(("Your code raised", "The grader cannot use what your code gives: `Encoder "))


def test_an_environment_that_fails_in_the_guest():
    rubric = msgspec.structs.replace(with_item("encoder"), environment="tests.grading.failing_environment")
    with start(rubric.environment) as failing:
        verdicts = graded(rubric, failing)
    assert all("OSError: no such disk" in v.fault for v in verdicts if v.max_score)


def test_a_note_that_could_not_be_checked_is_not_given(sandbox):
    verdicts = graded(with_case("encoder", "grey", probe="no_such_probe"), sandbox)
    assert all(v.passed and v.max_score for v in verdicts)


def test_what_our_own_code_stumbles_over_costs_its_item_alone(sandbox, monkeypatch):
    real = grading.judge

    def stumbling(item, *rest):
        if item.name == "encoder":
            raise RecursionError("facts nested too deeply")
        return real(item, *rest)

    monkeypatch.setattr(grading, "judge", stumbling)
    verdicts = graded(with_item("encoder"), sandbox)
    assert {each.item for each in verdicts if each.score} == {"decoder"}
    assert all(each.needs_review for each in verdicts if each.item == "encoder" and each.max_score)


def test_what_goes_wrong_between_items_loses_nothing_that_is_graded(tmp_path, monkeypatch):
    def stumbling(*arguments, **keywords):
        graded = grade(*arguments, **keywords)
        yield next(graded)
        graded.close()
        raise RuntimeError("no more")

    monkeypatch.setattr(commands, "grade", stumbling)
    out = tmp_path / "results.json"
    results = grade_submission(Settings(assignment=PS7, rubric=with_item("encoder")), PS7.solution, out)
    assert results == decode(out.read_bytes())
    assert {test.extra_data["item"]: test.score > 0 for test in results.tests if test.max_score} == {
        "encoder": True,
        "decoder": False,
    }
    assert "The grader itself failed, through no fault of this submission: RuntimeError: no more" in results.output


@pytest.mark.skipif(sys.platform != "linux", reason="guests have users on Linux alone")
def test_without_a_user_for_guests_the_results_say_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PS7_GUEST_USERS", "nobody")
    results = grade_submission(Settings(assignment=PS7, rubric=RUBRIC), PS7.solution, tmp_path / "results.json")
    assert (
        "The grader itself failed, through no fault of this submission: PS7_GUEST_USERS is 'nobody'" in results.output
    )
    assert results == decode((tmp_path / "results.json").read_bytes())


@pytest.mark.skipif(sys.platform != "linux", reason="only there are readings stopped")
def test_a_text_that_cannot_be_read_in_time_is_its_own_submissions_matter(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded, "__kwdefaults__", {"seconds": 0.0})
    results = grade_submission(Settings(assignment=PS7, rubric=RUBRIC), PS7.solution, tmp_path / "results.json")
    assert results.score == 0
    assert "The notebook cannot be read: reading it took more than" in results.output
