"""Where a command begins: a zygote is there before the command line is imported, and none stays without a use."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.entry import will_grade

COMMAND = Path(sys.executable).with_name("ps7")
SOLUTION = str(PS7.solution)
BEGUN = """
    from autograder.student.sandbox import begun
    begun.begin("autograder.guest.environment")
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["grade", SOLUTION], True),
        (["check", SOLUTION, "encoder"], True),
        (["grade", "--json", SOLUTION, "--sandbox", "strict"], True),
        (["grade", SOLUTION, "--sandbox", "none"], False),
        (["grade", SOLUTION, "--sandbox=none"], False),
        (["grade", "--help"], False),
        (["check", "--show", "encoder"], False),
        (["grade", "no such file.ipynb"], False),
        (["batch", str(Path(SOLUTION).parent)], False),
        ([], False),
    ],
)
def test_what_is_likely_to_grade(arguments, expected):
    assert will_grade(arguments) is expected


if sys.platform != "linux":
    pytest.skip("only Linux has zygotes", allow_module_level=True)


def python(text: str) -> str:
    words = [sys.executable, "-c", textwrap.dedent(text)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL, timeout=120)
    return done.stdout


def is_gone(pid: int, folder: str) -> bool:
    return not psutil.pid_exists(pid) and not os.path.exists(folder)


def test_a_zygote_begins_without_large_imports():
    imported = python(BEGUN + "    import sys; print(*sys.modules)").split()
    assert "autograder.student.sandbox.begun" in imported
    assert not {"numpy", "typer", "rich", "torch"} & {*imported}


def test_a_zygote_that_nothing_asks_for_ends_with_the_command():
    pid, folder = python(BEGUN + "    print(begun._early[0].process.pid, begun._early[0].reservation.folder)").split()
    assert is_gone(int(pid), folder)


def test_the_zygote_that_has_begun_is_the_one_that_is_used():
    first, used, folder = python(
        BEGUN
        + """
    first = begun._early[0].process.pid
    from autograder.student.sandbox.starting import start
    with start("autograder.guest.environment") as sandbox:
        print(first, sandbox._process.pid, sandbox.reservation.folder)
    """
    ).split()
    assert first == used
    assert is_gone(int(first), folder)


def test_another_environment_has_a_zygote_of_its_own():
    first, used = python(
        BEGUN
        + """
    first = begun._early[0].process.pid
    from autograder.student.sandbox.starting import start
    with start("autograder.ps7.guest.environment") as sandbox:
        print(first, sandbox._process.pid)
    """
    ).split()
    assert first != used
    assert not psutil.pid_exists(int(first))


def test_a_wrong_use_leaves_nothing(tmp_path):
    words = [COMMAND, "grade", SOLUTION, "--config", tmp_path / "lost.toml"]
    done = subprocess.run(
        words, capture_output=True, stdin=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(tmp_path)}, check=False
    )
    assert done.returncode == 2
    assert [path for path in tmp_path.rglob("*") if path.name == "zygote"] == []
    assert [
        each.pid for each in psutil.process_iter(["cwd"]) if (each.info["cwd"] or "").startswith(str(tmp_path))
    ] == []
