"""`ps7 profile`: where the seconds of one grading go."""

import json

from autograder.ps7.student.assignment import PS7
from autograder.student.grading.rubric import load
from tests.invoking import invoke

SOLUTION = "reference/solution.ipynb"


def test_every_second_is_somewhere():
    result = invoke(["profile", SOLUTION, "--json"])
    assert result.exit_code == 0, result.output
    phases = json.loads(result.stdout)
    assert [phase["name"] for phase in phases[2:-1]] == [item.name for item in load(PS7).items]
    assert all(phase["wall"] >= 0 and phase["processor"] >= 0 for phase in phases)
    guests = {phase["name"]: phase["guests"] for phase in phases}
    assert all(guests[item.name] for item in load(PS7).items if item.probes)
    assert sum(phase["wall"] for phase in phases[1:]) > sum(
        guest["starting"] for each in guests.values() for guest in each
    )


def test_people_get_a_table_with_the_slowest_questions():
    result = invoke(["profile", SOLUTION])
    assert "guest of train_ae" in result.stdout
    assert "The slowest questions" in result.stdout


def test_what_cannot_be_read_is_said():
    result = invoke(["profile", "no/such.ipynb"])
    assert result.exit_code == 2
    assert "no/such.ipynb" in result.output
