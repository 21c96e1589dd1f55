"""`ps7 explain`: what the course staff see when a student appeals."""

import io
import json

import msgspec
import pytest
from rich.console import Console

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import misconceptions
from autograder.staff.commands.explain import as_json, changes, print_explanation
from autograder.staff.commands.explanation import explain
from autograder.student.grading.examination import Clock, Limits
from autograder.student.output.results import from_verdicts
from autograder.student.program import Submission
from tests.invoking import invoke

BANK = PS7.bank()


@pytest.fixture(scope="module")
def explained(sandbox, rubric):
    """The results for a projection head without the normalisation."""
    mistakes = {each.slug: each.notebook for each in misconceptions.recorded(PS7, rubric)}
    return list(
        explain(
            Submission.of(mistakes["head-not-normalised"]),
            rubric.item("projection_head"),
            rubric,
            BANK,
            sandbox,
            Clock(Limits()),
        )
    )


def printed(explained):
    console = Console(file=io.StringIO(), width=200)
    print_explanation(explained, console)
    return console.file.getvalue()


def test_hidden_questions_and_values_are_shown(explained, rubric):
    text = printed(explained)
    item = rubric.item("projection_head")
    for case in {case for check in item.checks if check.points for case in check.cases}:
        for name, value in item.cases[case].arguments.items():
            assert f"{name}={value!r}" in text
    assert "hidden case" in text
    assert "replies like head-not-normalised" in text
    assert any(field.difference for each in explained for answer in each.answers for field in answer.fields)


def test_every_check_has_its_verdict_and_its_cases(explained, rubric):
    checks = {check.name: check for check in rubric.item("projection_head").checks}
    for each in explained:
        assert tuple(answer.case for answer in each.answers) == checks[each.verdict.check].cases
        same = all(
            field.same
            for answer in each.answers
            for field in answer.fields
            if field.name in checks[each.verdict.check].fields
        )
        assert same == each.verdict.passed


def test_what_a_report_says_has_no_cases(sandbox, rubric):
    item = rubric.item("report_clip")
    mistake = next(each.notebook for each in misconceptions.recorded(PS7, rubric))
    assert [each.answers for each in explain(Submission.of(mistake), item, rubric, BANK, sandbox, Clock(Limits()))] == [
        ()
    ] * len(item.checks)


def test_an_earlier_verdict_is_compared(explained):
    given = from_verdicts(each.verdict for each in explained)
    assert changes(given, explained) == []
    better = [msgspec.structs.replace(each.verdict, score=each.verdict.max_score) for each in explained]
    wrong = [each for each in explained if each.verdict.score < each.verdict.max_score]
    assert len(changes(from_verdicts(better), explained)) == len(wrong) > 0
    assert "in those results" in changes(from_verdicts(better), explained)[0]


def test_as_json(explained):
    told = json.loads(as_json(explained, ["a sentence"]))
    assert told["changes"] == ["a sentence"]
    assert [each["verdict"]["check"] for each in told["checks"]] == [each.verdict.check for each in explained]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["encodr"], "the items are encoder, decoder"),
        (["encoder", "--results", "nowhere.json"], "nowhere.json cannot be read"),
        (["encoder", "--results", "pyproject.toml"], "not a results.json"),
    ],
)
def test_wrong_usage_is_a_sentence(arguments, message, monkeypatch):
    monkeypatch.chdir(PS7.project)
    done = invoke(["explain", str(PS7.solution), *arguments])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
