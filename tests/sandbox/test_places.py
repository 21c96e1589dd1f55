"""No guest opens a file of ours, wherever engine and assignment lie: a notebook that `ps7 grade` grades searches for
them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.bundle import build_bundle, unpack
from tests.installing import Environment
from tests.tiers import slow_but

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

LOOTING = """

def looted(places):
    for place in places:
        try:
            open(place, "rb").read(1)
        except OSError:
            continue
        return place
    return "nothing"


class Encoder(Encoder):
    def forward(self, x):
        raise RuntimeError("looted: " + looted({places!r}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out],
        cwd=PS7.project,
        check=True,
        capture_output=True,
    )
    [built] = out.iterdir()
    return built


@pytest.fixture
def usr():
    try:
        folder = Path(tempfile.mkdtemp(prefix="autograder-test-", dir="/usr/local/lib"))
    except OSError:
        pytest.skip("/usr cannot be written")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def installed(folder, request):
    """Python, the folder to start in, and all files of ours."""
    environment = Environment(folder / "environment")
    environment.install(request.getfixturevalue("wheel"))
    assert "autograder/ps7" in environment.said("from autograder.ps7.student.assignment import PS7; print(PS7.folder)")
    return (
        environment.scripts / "python",
        folder,
        [*environment.packages.glob("autograder"), *environment.packages.glob("ps7_*")],
    )


def unpacked(folder, _):
    build_bundle(PS7, folder / "gradescope.zip")
    unpack(folder / "gradescope.zip", folder / "platform")
    return sys.executable, folder / "platform" / "source", [folder / "platform" / "source"]


def checked_out(folder, _):
    ignored = shutil.ignore_patterns("__pycache__", "*.zip")
    for name in ("autograder", "reference", "student_template", "gradescope"):
        shutil.copytree(PS7.project / name, folder / name, ignore=ignored)
    shutil.copy(PS7.project / "pyproject.toml", folder)
    return sys.executable, folder, [folder]


PLACES = {
    "site-packages": (installed, "tmp_path"),
    "site-packages below /usr": (installed, "usr"),
    "the bundle": (unpacked, "tmp_path"),
    "the bundle below /usr": (unpacked, "usr"),
    "a checkout": (checked_out, "tmp_path"),
    "a checkout below /usr": (checked_out, "usr"),
}


@pytest.mark.parametrize("name", slow_but(PLACES, ["site-packages below /usr", "the bundle"]))
def test_no_file_of_ours_can_be_opened(name, request, tmp_path):
    lay, where = PLACES[name]
    python, start, folders = lay(request.getfixturevalue(where), request)
    places = [str(path) for folder in folders for path in [folder, *folder.rglob("*")] if path.is_file()]
    assert any("hidden.json" in place for place in places)
    notebook = frames.generate(PS7, "solution")
    cell = next(cell for cell in notebook.cells if cell.source.startswith("class Encoder"))
    cell.source += LOOTING.replace("{places!r}", repr(places))
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    for sandbox, found in (("best", "looted: nothing"), ("none", f"looted: {places[0]}")):
        done = subprocess.run(
            [python, "-m", "autograder", "grade", tmp_path / "mine.ipynb", "--json", "--sandbox", sandbox],
            cwd=start,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        results = json.loads(done.stdout)
        said = next(test["output"] for test in results["tests"] if test["extra_data"]["check"] == "shape")
        assert found in said, (said, done.stderr)
