"""What students are given: the blank notebook, a wheel with the public checks, and a page that says how to use them.

The wheel is made from a copy of the package without what only instructors have: the hidden bank, the hidden cases
of the rubric, and all that knows the reference.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autograder import __version__
from autograder.authoring import frames
from autograder.grading.assignment import Assignment
from autograder.grading.rubric import Rubric

LEFT_OUT = (
    "batching.py",
    "measuring.py",
    "building.py",
    "cli.py",
    "authoring",
    "commands/batch.py",
    "commands/cluster.py",
    "commands/demo.py",
    "commands/explain.py",
    "commands/similar.py",
    "commands/trial.py",
    "commands/validate.py",
    "grading/explanation.py",
    "output/dashboard.html.j2",
    "output/similar.html.j2",
    "output/similar.py",
    "program/likeness.py",
    "program/shapes.py",
    "output/dashboard.js",
    "output/dashboard.py",
    "output/grades.py",
    "output/roster.py",
    "submission/collection.py",
    "assignment/banks/hidden-pairs.json",
    "assignment/banks/hidden-pairs.safetensors",
    "assignment/banks/hidden.json",
    "assignment/banks/hidden.safetensors",
    "assignment/datasets/composed.calibration.json",
    "assignment/datasets/composed.zip",
    "assignment/datasets/exhibits.py",
    "assignment/probes/reproduction.py",
    "assignment/probes/reproduction_clip.py",
    "assignment/probes/submitted.py",
    "assignment/reproduction",
)
"""Of the package, what only instructors have."""
TIMESTAMP = "946684800"
"""Of all files in the wheel, so that the same project gives the same bytes."""


class KitError(Exception):
    """The kit cannot be made; the message says why."""


def build_kit(assignment: Assignment, rubric: Rubric, folder: Path) -> Iterator[Path]:
    """Writes the kit's files into `folder` and yields their paths. Raises KitError and FrameError."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    notebook = folder / f"{assignment.name}.ipynb"
    notebook.write_text(frames.text(frames.generate(assignment, "template")), encoding="utf-8")
    yield notebook
    try:
        with tempfile.TemporaryDirectory(prefix="ps7-kit-") as staged:
            _stage(assignment, rubric, Path(staged))
            wheel = _wheel(Path(staged), folder)
        text = (assignment.template / "README.md").read_text(encoding="utf-8")
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise KitError(f"the kit is made in a checkout of the project, and this is none: {error}") from None
    yield wheel
    page = folder / "README.md"
    page.write_text(text.replace("{wheel}", wheel.name), encoding="utf-8")
    yield page


def _stage(assignment: Assignment, rubric: Rubric, staged: Path) -> None:
    package = staged / "autograder"
    shutil.copytree(assignment.root / "autograder", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in LEFT_OUT:
        path = package / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    public = msgspec.toml.encode(msgspec.to_builtins(rubric.public()))
    (staged / assignment.rubric.relative_to(assignment.root)).write_bytes(public)
    declared = tomllib.loads((assignment.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (staged / "pyproject.toml").write_bytes(msgspec.toml.encode(_project(declared)))


def _project(declared: dict[str, Any]) -> dict[str, Any]:
    return {
        "build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build"},
        "project": {
            "name": "ps7-check",
            "description": "The public checks of Problem Set 7, Representation Learning",
            "version": __version__,
            "requires-python": declared["requires-python"],
            "dependencies": declared["dependencies"],
            "optional-dependencies": {
                name: declared["optional-dependencies"][name] for name in ("pdf", "run", "backbones")
            },
            "scripts": {"ps7": "autograder.student:main"},
        },
        "tool": {"hatch": {"build": {"targets": {"wheel": {"packages": ["autograder"]}}}}},
    }


def _wheel(staged: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": TIMESTAMP}
    done = subprocess.run(command, cwd=staged, env=environment, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise KitError(f"the wheel cannot be built: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return wheels[0]
