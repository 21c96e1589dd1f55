"""The recipe for an item in docs/development.md, followed as it is written, in a copy of the project."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autograder.assignment.files import PS7
from autograder.grading.rubric import load

ROOT = Path(__file__).parent.parent
RECIPE = (ROOT / "docs" / "development.md").read_text(encoding="utf-8").partition("### An item, step by step")[2]
STEP = re.compile(r"^ *```\w+ (create|insert|append|run)\b *(.*)\n((?:.*\n)*?) *```$", re.MULTILINE)
NEEDED = ("autograder", "reference", "student_template", "tests/frames")


def follow(how, where, text, folder):
    text = textwrap.dedent(text)
    path, _, marker = where.partition(" before ")
    file = folder / path
    if how == "create":
        assert not file.exists()
        file.write_text(text, encoding="utf-8")
    elif how == "append":
        file.write_text(file.read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")
    elif how == "insert":
        cells = re.split(r"(?m)^(?=# %%)", file.read_text(encoding="utf-8"))
        [place] = [number for number, cell in enumerate(cells) if json.loads(marker) in cell.split("\n")]
        file.write_text("".join([*cells[:place], text + "\n", *cells[place:]]), encoding="utf-8")
    else:
        for line in text.strip().split("\n"):
            ps7(folder, *shlex.split(line)[1:])


def ps7(folder, *arguments):
    command = [sys.executable, "-m", "autograder", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    for name in NEEDED:
        shutil.copytree(ROOT / name, folder / name)
    steps = STEP.findall(RECIPE)
    assert [how for how, *_ in steps] == ["create", "insert", "create", "append", "create", "run"]
    for step in steps:
        follow(*step, folder)
    return folder


def test_the_solved_notebook_has_full_marks_on_the_new_item_too(changed):
    results = json.loads((changed / "build" / "results.json").read_text())
    own = [test for test in results["tests"] if test["extra_data"]["item"] == "recall_at_k"]
    assert [test["score"] for test in own] == [0.5, 0.5]
    assert results["score"] == pytest.approx(sum(test["max_score"] for test in results["tests"]))


def test_the_templates_own_text_gives_its_points(changed):
    blank = (changed / "student_template" / "ps7.ipynb").read_text(encoding="utf-8")
    assert "Recall at k (1 point)" in blank
    points = sum(item.points for item in load(PS7.rubric).items if item.number.startswith("7.2."))
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
