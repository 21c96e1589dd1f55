"""docs/assignment.md, followed as it is written, in an environment of its own."""

import json
import shlex
from pathlib import Path

import pytest

from tests.following import follow
from tests.installing import Environment

PAGE = (Path(__file__).parent.parent / "docs" / "assignment.md").read_text(encoding="utf-8")
FOLDER = "softmax-homework"


@pytest.fixture(scope="module")
def homework(tmp_path_factory):
    """The finished project, and a function that runs its command there."""
    place = tmp_path_factory.mktemp("place")
    environment = Environment(place / "environment")

    def run(line, folder=place / FOLDER):
        done = environment.run(*shlex.split(line), folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    first, rest = PAGE.split("All files below are in that folder.")
    (place / FOLDER).mkdir()
    assert follow(first, place, lambda line: None) == ["run"]
    kinds = follow(rest, place / FOLDER, run)
    assert kinds.count("create") == 7
    run.folder = place / FOLDER
    return run


def test_the_solved_notebook_has_full_marks(homework):
    assert json.loads((homework.folder / "build" / "results.json").read_text())["score"] == 4
    assert (homework.folder / "build" / "gradescope.zip").exists()


@pytest.mark.parametrize(
    ("old", "new", "score", "name"),
    [
        ("torch.exp(logits - largest)", "torch.exp(logits)", 2, "overflow"),
        ("powers.sum(dim=1, keepdim=True)", "powers.sum(dim=0, keepdim=True)", 0, "over-the-batch"),
        ("torch.exp(logits - largest)", "(logits - largest)", 0, None),
    ],
)
def test_a_mistake_is_named(homework, tmp_path, old, new, score, name):
    text = (homework.folder / "reference" / "solution.ipynb").read_text()
    assert old in text
    (tmp_path / "mine.ipynb").write_text(text.replace(old, new))
    results = json.loads(homework(f"softmax grade {tmp_path / 'mine.ipynb'} --json"))
    assert results["score"] == score
    assert {test["extra_data"]["misconception"] for test in results["tests"] if test["status"] == "failed"} == {name}


def test_everything_that_is_known_comes_out(homework):
    rows = json.loads(homework("softmax validate --json"))
    assert len(rows) == 5
    assert not [row for row in rows if row["off"]]
