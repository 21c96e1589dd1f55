"""The installer of the students' kit: it says what it does, and what to do where it cannot."""

import ast
import subprocess
import sys
import zipfile

import pytest

from autograder.staff.authoring import install
from autograder.staff.authoring.kit import INSTALLER


def kit(folder, python=">=3.11", *, wheel="ps7_check-1.0-py3-none-any.whl"):
    folder.joinpath("install.py").write_bytes(INSTALLER.read_bytes())
    with zipfile.ZipFile(folder / wheel, "w") as archive:
        archive.writestr("ps7_check-1.0.dist-info/METADATA", f"Name: ps7-check\nRequires-Python: {python}\n")
    return folder / wheel


def run(folder, *options):
    command = [sys.executable, folder / "install.py", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_a_python_that_is_too_old_is_told_which_one_is_needed(tmp_path):
    kit(tmp_path, ">=3.99")
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("install.py: the checks need Python 3.99 or newer, and this is Python 3.")
    assert "python3.99 install.py" in done.stderr
    assert not (tmp_path / "ps7-environment").exists()


def test_without_the_wheel_it_says_what_is_missing(tmp_path):
    kit(tmp_path).unlink()
    done = run(tmp_path)
    assert done.returncode == 2
    assert "keep the files of the kit in one folder" in done.stderr


def test_help_names_the_sizes(tmp_path):
    assert "GB" in run(kit(tmp_path).parent, "--help").stdout


def test_old_pythons_can_read_it():
    ast.parse(INSTALLER.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize(("any_torch", "pdf"), [(False, True), (True, False)])
def test_pytorch_comes_as_the_build_for_processors_unless_it_is_asked_for_otherwise(tmp_path, any_torch, pdf):
    wheel = kit(tmp_path)
    environment = tmp_path / "ps7-environment"
    *_, last = install.commands(environment, wheel, any_torch=any_torch, pdf=pdf)
    assert ("--torch-backend" in last) is not any_torch
    assert last[-1] == (f"{wheel}[pdf]" if pdf else str(wheel))


def test_an_environment_that_is_there_is_used_again(tmp_path):
    wheel = kit(tmp_path)
    environment = tmp_path / "ps7-environment"
    assert "venv" in install.commands(environment, wheel, any_torch=False, pdf=True)[0]
    install.scripts(environment).mkdir(parents=True)
    assert all("venv" not in each for each in install.commands(environment, wheel, any_torch=False, pdf=True))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["python", "-m", "venv", "x"], "python3-venv"),
        (["python", "-m", "uv", "pip"], "--any-torch"),
        (["python", "-m", "pip"], "network"),
    ],
)
def test_a_step_that_fails_has_a_sentence(command, words):
    assert words in install.hint(command, any_torch=False)
