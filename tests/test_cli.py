"""The `ps7` command as its users run it: exit codes, files written, messages; never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7 as ASSIGNMENT
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode
from tests.invoking import invoke
from tests.projects import project_with

ROOT = Path(__file__).parent.parent
PS7 = Path(sys.executable).with_name("ps7")
SOLUTION = ROOT / "reference" / "solution.ipynb"
TEMPLATE = ROOT / "student_template" / "ps7.ipynb"


def ps7(*arguments, cwd=ROOT, **environment):
    done = subprocess.run(
        [PS7, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "COLUMNS": "100", **environment},
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


def notebook(*cells, minor=5, version=4):
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for n, source in enumerate(cells)
    ]
    return json.dumps({"nbformat": version, "nbformat_minor": minor, "metadata": {}, "cells": cells})


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    out = tmp_path_factory.mktemp("graded") / "deep" / "results.json"
    done = ps7("grade", SOLUTION, "--out", out, "--html", out.with_suffix(".html"))
    return done, out


def test_the_solved_notebook_has_ten_points(graded):
    done, out = graded
    results = decode(out.read_bytes())
    assert (done.returncode, results.score, results.max_score) == (0, 10.0, 10.0)
    assert "10 of 10 points" in done.stdout
    assert "10" in out.with_suffix(".html").read_text()


def test_the_points_of_each_item_are_the_assignments(graded):
    points = {item.name: item.points for item in load(ASSIGNMENT).items}
    sums: dict[str, float] = dict.fromkeys(points, 0.0)
    for test in decode(graded[1].read_bytes()).tests:
        sums[test.extra_data["item"]] += test.max_score
        optional = {"needs_review", "figures", "place"}
        assert set(test.extra_data) - optional == {"item", "title", "check", "misconception"}
    assert sums == pytest.approx(points)


def test_only_results_are_left_behind(graded):
    assert sorted(path.name for path in graded[1].parent.iterdir()) == ["results.html", "results.json"]


def test_the_blank_notebook_says_for_each_item_what_to_do(tmp_path):
    done = ps7("grade", TEMPLATE, "--json")
    assert done.returncode == 0
    results = decode(done.stdout.encode())
    assert results.score == 0.0
    for item in load(ASSIGNMENT).items:
        own = [test for test in results.tests if test.extra_data["item"] == item.name]
        assert own[0].status == "failed"
        todo = item.todo if item.probes else "into the report section"
        assert todo in own[0].output, item.name


def test_without_a_place_to_write_results_are_written_here(tmp_path):
    (tmp_path / "mine.ipynb").write_text(notebook("x = 1"))
    done = ps7("grade", "mine.ipynb", cwd=tmp_path)
    assert done.returncode == 0
    assert decode((tmp_path / "results.json").read_bytes()).score == 0.0
    assert "results.json" in done.stderr


EDGES = {
    "not a notebook": (b"PK\x03\x04\x00\x00rubbish", "zip"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(40), "not a notebook"),
    "empty": (b"", "empty"),
    "other JSON": (b'{"a": 1}', "not a Jupyter notebook"),
    "a list": (b"[]", "not a Jupyter notebook"),
    "cut short": (notebook("x = 1").encode()[:-30], "cut off"),
    "no code cells": (notebook().encode(), "no code"),
    "very deep": (b'{"cells": ' + b"[" * 100_000, ""),
}


@pytest.mark.parametrize("edge", EDGES)
def test_an_unreadable_submission_has_valid_results_and_a_clear_message(edge, tmp_path):
    content, words = EDGES[edge]
    path = tmp_path / "hw.ipynb"
    path.write_bytes(content)
    done = ps7("grade", path, "--out", tmp_path / "results.json")
    results = decode((tmp_path / "results.json").read_bytes())
    assert (done.returncode, results.score, results.max_score) == (0, 0.0, 10.0)
    assert words.lower() in results.output.lower()
    assert results.output == results.tests[0].output
    assert not any(test.output for test in results.tests[1:])
    assert done.stdout.count(" ".join(results.output.split()[:4])) == 1
    assert len(results.output) > 20


def test_a_submission_that_is_not_there(tmp_path):
    done = ps7("grade", tmp_path / "lost.ipynb", "--out", tmp_path / "results.json")
    assert done.returncode == 2
    assert "no file or folder" in done.stderr
    assert not (tmp_path / "results.json").exists()


def test_a_folder_of_the_platforms_that_is_not_there_has_results_all_the_same(tmp_path):
    told = tmp_path / "submission_metadata.json"
    told.write_text("{}")
    done = ps7("grade", tmp_path / "lost", "--out", tmp_path / "results.json", "--metadata", told)
    assert done.returncode == 0
    assert "no file" in decode((tmp_path / "results.json").read_bytes()).output


def test_folders(tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "two").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "two" / name).write_text(notebook(f"x = '{name}'"))
    (tmp_path / "one" / "inside").mkdir(parents=True)
    (tmp_path / "one" / "inside" / "hw.ipynb").write_text(notebook("x = 1"))
    outputs = {}
    for name in ("none", "two", "one"):
        done = ps7("grade", tmp_path / name, "--json")
        assert done.returncode == 0
        outputs[name] = decode(done.stdout.encode()).output
    assert "no notebook" in outputs["none"].lower()
    assert "2 notebooks" in outputs["two"]
    assert "None of the names that this assignment" in outputs["one"]


@pytest.mark.parametrize("version", ["BOM", "nbformat 3"])
def test_old_and_odd_files_are_graded_all_the_same(version, tmp_path):
    import nbformat

    text = SOLUTION.read_text()
    if version == "BOM":
        (tmp_path / "hw.ipynb").write_bytes(b"\xef\xbb\xbf" + text.encode())
    else:
        old = nbformat.convert(nbformat.reads(text, as_version=4), 3)
        (tmp_path / "hw.ipynb").write_text(nbformat.writes(old, version=3))
    done = ps7("check", tmp_path / "hw.ipynb", "encoder", "projection_head", "report_ae", "--json")
    results = decode(done.stdout.encode())
    assert (done.returncode, {test.status for test in results.tests}) == (0, {"passed"})
    assert results.output  # says how it was read


def test_check_is_for_some_items_and_fails_where_a_check_fails(tmp_path):
    source = "import torch\nfrom torch import nn\nclass Encoder(nn.Module):\n    def __init__(self, in_channels=3):\n        super().__init__()\n"
    source += "        self.c = nn.Conv2d(3, 24, 16, 16)\n    def forward(self, x):\n        return self.c(x)"
    (tmp_path / "hw.ipynb").write_text(notebook(source))
    done = ps7("check", tmp_path / "hw.ipynb", "encoder", "--json")
    assert done.returncode == 1
    results = decode(done.stdout.encode())
    assert {test.extra_data["item"] for test in results.tests} == {"encoder"}
    assert {test.visibility for test in results.tests} == {"visible"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "lost.ipynb"), "no file"),
        (("check", str(SOLUTION), "encodr"), "the items are encoder, decoder"),
        (("grade",), "Missing argument"),
        (("grade", str(SOLUTION), "--out", "/proc/results.json"), "cannot be written"),
        (("build", "castles"), "No such command"),
        (("build", "banks", "encodr"), "the items are encoder, decoder"),
        (("grade", str(SOLUTION), "--config", "lost.toml"), "lost.toml"),
        (("grade", str(SOLUTION), "--reproduce", "lost"), "there is no data set 'lost'"),
        (("grade", str(SOLUTION), "--reproduce", str(SOLUTION)), "neither a folder nor a zip"),
        (("calibrate", "lost"), "there is no data set 'lost'"),
        (("validate", "--corpus", "nowhere"), "no folder"),
        (("fly",), "No such command"),
        (("check", "encoder", str(SOLUTION)), "the notebook comes first"),
        (("check", "[final].ipynb"), "[final].ipynb"),
        (("check", str(SOLUTION), "--time-limit", "-3"), "greater than or equal to 1"),
        (("grade", str(SOLUTION), "--time-limit", "0"), "greater than or equal to 1"),
        (("run", str(SOLUTION), "--cell-time-limit", "-1"), "greater than or equal to 1"),
        (("check", str(SOLUTION), "--watch", "--json"), "--watch and --json cannot be combined"),
        (("check", str(SOLUTION), "projection_head", "--html", "/proc/page.html"), "/proc/page.html cannot be written"),
        (("check", str(SOLUTION), "projection_head", "--annotate", "/proc/a.html"), "/proc/a.html cannot be written"),
        (("check", "--show", "report_ae"), "there is no cell for 'report_ae'"),
        (("explain", str(SOLUTION), "encodr"), "the items are encoder, decoder"),
        (("explain", str(SOLUTION), "encoder", "--results", "lost.json"), "lost.json cannot be read"),
        (("batch", "nowhere"), "there is no file or folder /"),
        (("similar", str(SOLUTION)), "neither a folder nor a zip or tar"),
        (("pdf", str(SOLUTION), "--no-check", "--out", "/proc/page.pdf"), "cannot be written"),
    ],
)
def test_wrong_usage_exits_with_2_says_what_to_do_and_writes_nothing(arguments, words, tmp_path):
    done = ps7(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reference/misconceptions/encoder.toml": "[x]\nshows = 1"}, "encoder.toml"),
        (
            {
                "reference/misconceptions/encoder.toml": (
                    '[x]\nshows = "a."\nlook = "b."\nedits = [{ old = "lost", new = "" }]'
                )
            },
            "x: 'lost'",
        ),
        ({"student_template/ps7.py": '# %% source="reference.autoencoder:Lost"\n'}, "defines no Lost"),
        ({"student_template/ps7.py": '# %% source="reference.lost:Encoder"\n'}, "lost.py"),
        ({"student_template/ps7.py": '# %% [markdown] points="lost"\n'}, "points of 'lost'"),
    ],
)
def test_an_authors_mistake_is_told_in_a_sentence(tmp_path, changes, words):
    done = invoke(["build", "banks"], project_with(tmp_path, changes), env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output


def test_a_limit_of_time_is_kept_and_says_so(tmp_path):
    (tmp_path / "hw.ipynb").write_text(notebook("class Encoder:\n    while True: pass", "class Decoder:\n    pass"))
    done = ps7("grade", tmp_path / "hw.ipynb", "--json", "--time-limit", "3")
    results = decode(done.stdout.encode())
    assert done.returncode == 0
    assert "still running" in results.tests[0].output or "used up" in results.tests[0].output
    assert results.execution_time < 60


def test_what_the_course_decides_and_what_gradescope_tells(tmp_path):
    (tmp_path / "hw.ipynb").write_text(notebook("x = 1"))
    (tmp_path / "config.toml").write_text("[points]\nencoder = 2\n[late]\npercent_per_day = 25")
    told = {"created_at": "2026-11-25T10:00:00-08:00", "assignment": {"due_date": "2026-11-25T09:00:00-08:00"}}
    (tmp_path / "metadata.json").write_text(json.dumps(told))
    given = ("grade", tmp_path / "hw.ipynb", "--json", "--config", tmp_path / "config.toml", "--metadata")
    results = decode(ps7(*given, tmp_path / "metadata.json").stdout.encode())
    assert results.max_score == 11
    assert results.extra_data["late_percent"] == 25
    (tmp_path / "metadata.json").write_text("gone wrong")
    done = ps7(*given, tmp_path / "metadata.json")
    assert (done.returncode, "late_percent" in done.stdout) == (0, False)
    assert "submission_metadata" in done.stderr


def test_the_version():
    done = ps7("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "ps7")


def test_brackets_of_a_message_are_brackets(tmp_path):
    (tmp_path / "config.toml").write_text("[points]\nencodr = 2")
    done = ps7("grade", tmp_path / "lost.ipynb", "--config", tmp_path / "config.toml")
    assert done.returncode == 2
    assert "[points] names 'encodr', which is not an item of the rubric" in " ".join(done.stderr.split())


WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from autograder.ps7.student.assignment import PS7
PS7.main()
"""


@pytest.mark.parametrize(
    ("command", "package", "installs"),
    [
        ("run", "nbclient", "ipykernel ipywidgets nbclient"),
        ("pdf", "nh3", "mdit-py-plugins nh3 plutoprint quickjax"),
    ],
)
def test_a_package_that_is_missing_is_named_as_an_index_knows_it(command, package, installs):
    words = [sys.executable, "-c", WITHOUT, package, command, SOLUTION]
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert f"needs the package {package}: {sys.executable} -m pip install {installs}" in " ".join(done.stderr.split())
