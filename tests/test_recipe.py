"""The recipe for an item in docs/development.md, followed as it is written, in a copy of the project."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.grading.rubric import load
from tests.following import follow
from tests.tiers import slow_but

ROOT = Path(__file__).parent.parent
RECIPE = (ROOT / "docs" / "development.md").read_text(encoding="utf-8").partition("### An item, step by step")[2]
NEEDED = ("autograder", "reference", "student_template", "tests/frames", "gradescope", "pyproject.toml")


def ps7(folder, *arguments):
    command = [sys.executable, "-m", "autograder", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    kinds = follow(RECIPE, folder, lambda line: ps7(folder, *shlex.split(line)[1:]))
    assert kinds == ["create", "insert", "create", "append", "create", "run"]
    return folder


def test_the_solved_notebook_has_full_marks_on_the_new_item_too(changed):
    results = json.loads((changed / "build" / "results.json").read_text())
    own = [test for test in results["tests"] if test["extra_data"]["item"] == "recall_at_k"]
    assert [test["score"] for test in own] == [0.5, 0.5]
    assert results["score"] == pytest.approx(sum(test["max_score"] for test in results["tests"]))


def test_the_templates_own_text_gives_its_points(changed):
    blank = (changed / "student_template" / "ps7.ipynb").read_text(encoding="utf-8")
    assert "Recall at k (1 point)" in blank
    points = sum(item.points for item in load(PS7).items if item.number.startswith("7.2."))
    assert f"Associating images with language ({points + 1:g} points)" in blank
    assert "topk(k, dim=1)" not in blank


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".topk(k, dim=1)", ".topk(1, dim=1)", "Only the most similar image counts"),
        ("(best == own)", "(best == other)", "Your code raised"),
    ],
)
def test_a_mistake_costs_the_new_item_alone(changed, tmp_path, old, new, said):
    solution = (changed / "reference" / "solution.ipynb").read_text(encoding="utf-8")
    mine = tmp_path / "mine.ipynb"
    mine.write_text(solution.replace(old, new), encoding="utf-8")
    results = json.loads(ps7(changed, "grade", str(mine), "--json"))
    lost = [test for test in results["tests"] if test["score"] < test["max_score"]]
    assert {test["extra_data"]["item"] for test in lost} == {"recall_at_k"}
    assert said in lost[0]["output"]


def test_the_old_notebook_is_still_graded_and_told_what_it_lacks(changed):
    results = json.loads(ps7(changed, "grade", str(ROOT / "reference" / "solution.ipynb"), "--json"))
    lost = [test for test in results["tests"] if test["score"] < test["max_score"]]
    assert {test["extra_data"]["item"] for test in lost} == {"recall_at_k"}


REPLIES = {
    "as it is written": "[value]",
    "a single number": "np.float64(value)",
    "a whole number": "np.int64(round(1000 * value))",
    "whole numbers in rows": "np.full((3, 2), round(1000 * value))",
    "no number beside it": "np.array([value, np.nan if value < 0.6 else np.inf])",
}
WRONG = {
    "recall-of-images": (
        "similarities = text_embeddings @ image_embeddings.T\\n",
        "similarities = image_embeddings @ text_embeddings.T\\n",
    ),
    "recall-at-1": (".topk(k, dim=1)", ".topk(1, dim=1)"),
}


@pytest.mark.parametrize("kind", slow_but(REPLIES, ["whole numbers in rows"]))
def test_both_mistakes_are_named_whatever_the_probe_replies(changed, tmp_path, kind):
    folder = shutil.copytree(changed, tmp_path / "copy")
    probe = folder / "autograder" / "ps7" / "guest" / "probes" / "evaluation.py"
    text = probe.read_text(encoding="utf-8").replace("[value]", REPLIES[kind])
    probe.write_text(text.replace("import Any", "import Any\n\nimport numpy as np"), encoding="utf-8")
    ps7(folder, "build", "banks", "recall_at_k")
    solution = (folder / "reference" / "solution.ipynb").read_text(encoding="utf-8")
    for name, (old, new) in WRONG.items():
        assert solution.count(old) == 1
        mine = tmp_path / f"{name}.ipynb"
        mine.write_text(solution.replace(old, new), encoding="utf-8")
        results = json.loads(ps7(folder, "grade", str(mine), "--json"))
        lost = [test for test in results["tests"] if test["score"] < test["max_score"]]
        assert {test["extra_data"]["misconception"] for test in lost} == {name}
        assert {test["extra_data"]["item"] for test in lost} == {"recall_at_k"}
