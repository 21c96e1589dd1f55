"""From the command line, with real training: minutes."""

import json

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from tests.invoking import invoke
from tests.ps7.small import small_dataset

pytestmark = pytest.mark.slow


def graded(*arguments: object) -> dict[str, dict]:
    """Maps the number of a check in the report items to its test."""
    done = invoke(["grade", *map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    results = json.loads(done.stdout)
    return {"score": results["score"]} | {
        f"{test['extra_data']['item']}.{test['extra_data']['check']}": test for test in results["tests"]
    }


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda path: path.name)
def test_the_solved_notebook_reaches_what_the_reference_reaches(frame, tmp_path):
    path = tmp_path / "ps7.ipynb"
    path.write_text(frames.text(frames.generate(PS7, "solution", frame)))
    tests = graded(path, "--reproduce", "composed")
    for item in ("report_ae", "report_clip"):
        if f"{item}.reproduced" in tests:
            assert tests[f"{item}.reproduced"]["status"] == "passed"
            assert "“composed”" in tests[f"{item}.reproduced"]["output"]
    assert any(name.endswith(".reproduced") for name in tests)


def test_a_data_set_of_ones_own_is_calibrated_and_used(tmp_path):
    path = small_dataset(tmp_path / "small.zip")
    first = invoke(["calibrate", str(path), "--seeds", "2", "--workers", "2"])
    assert first.exit_code == 2
    assert "3 seeds are the least" in first.output
    more = ["calibrate", str(path), "--seeds", "3", "--workers", "2", "--plots", str(tmp_path / "plots")]
    done = invoke(more)
    assert done.exit_code == 0, done.output
    assert "4 of 6 trainings were done before" in done.output
    assert (tmp_path / "small.calibration.json").exists()
    assert len(list((tmp_path / "plots").iterdir())) == 4
    tests = graded(PS7.solution, "--reproduce", path)
    assert tests["score"] == 10
    assert "“small”" in tests["report_ae.reproduced"]["output"]
