"""Where a command begins: what gives guests is there before the command line is imported, and does not stay without a
use."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.entry import will_grade

COMMAND = Path(sys.executable).with_name("ps7")
SOLUTION = str(PS7.solution)
BEGUN = """
from autograder.student.sandbox import early
from autograder.student.sandbox.begun_{kind} import Begun{Kind}
early.begin(Begun{Kind}, "autograder.guest.environment")
first = early._early[0]
"""
USED = """
from autograder.student.sandbox.starting import start
with start({environment!r}, {confinement!r}) as sandbox:
    print(first.process.pid, (sandbox._process if hasattr(sandbox, "_process") else sandbox._guest.process).pid)
"""
KINDS = ["plain", "zygote"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["grade", SOLUTION], True),
        (["check", SOLUTION, "encoder"], True),
        (["grade", "--json", SOLUTION, "--sandbox", "strict"], True),
        (["grade", "--help"], False),
        (["check", "--show", "encoder"], False),
        (["grade", "no such file.ipynb"], False),
        (["batch", str(Path(SOLUTION).parent)], False),
        ([], False),
    ],
)
def test_what_is_likely_to_grade(arguments, expected):
    assert will_grade(arguments) is expected


def python(text: str) -> str:
    words = [sys.executable, "-c", text]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def begun(kind: str) -> str:
    return BEGUN.format(kind=kind, Kind=kind.capitalize())


@pytest.mark.parametrize("kind", KINDS)
def test_it_begins_without_large_imports(kind):
    imported = python(begun(kind) + "import sys; print(*sys.modules)").split()
    assert "autograder.student.sandbox.early" in imported
    assert not {"numpy", "typer", "rich", "torch"} & {*imported}


@pytest.mark.parametrize(("kind", "folder"), [("plain", "scratch"), ("zygote", "reservation.folder")])
def test_what_nothing_asks_for_ends_with_the_command(kind, folder):
    pid, place = python(begun(kind) + f"print(first.process.pid, first.{folder})").split()
    assert not psutil.pid_exists(int(pid))
    assert not os.path.exists(place)


@pytest.mark.parametrize(("kind", "confinement"), [("plain", "none"), ("zygote", "best")])
def test_what_has_begun_is_used(kind, confinement):
    used = USED.format(environment="autograder.guest.environment", confinement=confinement)
    first, second = python(begun(kind) + used).split()
    assert first == second
    assert not psutil.pid_exists(int(first))


@pytest.mark.parametrize(
    ("environment", "confinement"),
    [("autograder.ps7.guest.environment", "best"), ("autograder.guest.environment", "none")],
)
def test_another_environment_or_kind_begins_anew(environment, confinement):
    first, second = python(begun("zygote") + USED.format(environment=environment, confinement=confinement)).split()
    assert first != second
    assert not psutil.pid_exists(int(first))


@pytest.mark.parametrize("options", [[], ["--sandbox", "none"]])
def test_a_wrong_use_leaves_nothing(tmp_path, options):
    words = [COMMAND, "grade", SOLUTION, "--config", tmp_path / "lost.toml", *options]
    done = subprocess.run(
        words, capture_output=True, stdin=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(tmp_path)}, check=False
    )
    assert done.returncode == 2
    assert [path for path in tmp_path.rglob("*") if path.name == "zygote" or "scratch" in path.name] == []
    there = [each.pid for each in psutil.process_iter(["cwd"]) if (each.info["cwd"] or "").startswith(str(tmp_path))]
    assert there == []
