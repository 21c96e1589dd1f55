"""The source archive, and the wheel made from it, hold everything that grading needs."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

from autograder import __version__
from autograder.ps7.student.assignment import PS7

pytestmark = pytest.mark.slow


def build(kind, project, out):
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    [built] = out.iterdir()
    return built


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The path that an installation of the wheel has, far from any checkout."""
    folder = tmp_path_factory.mktemp("release")
    with tarfile.open(build("sdist", PS7.project, folder / "sdist")) as archive:
        archive.extractall(folder / "source", filter="data")
    [source] = (folder / "source").iterdir()
    with zipfile.ZipFile(build("wheel", source, folder / "wheel")) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def ps7(unpacked, *arguments):
    return subprocess.run(
        [sys.executable, "-P", "-m", "autograder", *map(str, arguments)],
        env={"PYTHONPATH": str(unpacked), "PATH": os.environ["PATH"], "COLUMNS": "100"},
        cwd=unpacked.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_the_same_everywhere(unpacked):
    [metadata] = unpacked.glob("*.dist-info/METADATA")
    assert f"\nVersion: {__version__}\n" in metadata.read_text()
    assert ps7(unpacked, "--version").stdout == f"ps7 {__version__}\n"


def test_it_grades(unpacked, tmp_path):
    done = ps7(unpacked, "grade", PS7.solution, "--out", tmp_path / "results.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "results.json").read_bytes())["score"] == 10


@pytest.mark.parametrize("command", [("demo",), ("build", "student"), ("build", "gradescope")])
def test_what_needs_a_checkout_says_so(command, unpacked):
    done = ps7(unpacked, *command)
    assert done.returncode == 2
    assert "checkout" in done.stderr
    assert "Traceback" not in done.stderr
