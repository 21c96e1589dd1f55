"""The students' kit: the blank notebook, a wheel with the public checks, an installer, and a page.

The wheel holds the zones `guest` and `student` of the engine and of the assignment, and the public part of the rubric.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autograder.staff.authoring import frames, packing
from autograder.staff.authoring.packing import PackingError
from autograder.staff.course.policy import PolicyError, policy_of
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric, RubricError, decode

TIMESTAMP = "946684800"
"""The time of all files in the wheel, so that the same project gives the same bytes."""
INSTALLER = Path(__file__).with_name("install.py")
PAGE = """# {title}: check your notebook before you hand it in

In this folder, with Python 3.11 or newer:

    python3 install.py
    {name}-environment/bin/{name} check {name}.ipynb

On Windows: `py install.py`, then `{name}-environment\\Scripts\\{name} check {name}.ipynb`.
If PyTorch is already installed: `pip install "{wheel}"`.

These are the public checks. The grader has more.
"""
"""The page where the template has none."""


class KitError(Exception):
    """The kit cannot be made; the message says why."""


def build_kit(assignment: Assignment, folder: Path) -> Iterator[Path]:
    """Writes the kit's files into `folder` and yields their paths once all are there. Raises KitError and FrameError;
    then the folder is unchanged."""
    with tempfile.TemporaryDirectory(prefix="autograder-kit-") as staged:
        made, packed = Path(staged, "made"), Path(staged, "packed")
        made.mkdir()
        packed.mkdir()
        try:
            packing.declared(assignment)
            notebook = made / f"{assignment.name}.ipynb"
            notebook.write_text(frames.text(frames.generate(assignment, "template")), encoding="utf-8")
            _stage(assignment, packed)
            wheel = _wheel(packed, made)
            page = made / "README.md"
            page.write_text(_page(assignment, wheel.name), encoding="utf-8")
            installer = Path(shutil.copy(INSTALLER, made))
        except (OSError, PackingError, PolicyError, RubricError) as error:
            raise KitError(str(error)) from None
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.whl"):
            old.unlink()
        for path in (notebook, wheel, installer, page):
            yield Path(shutil.copy(path, folder))


def public_rubric(assignment: Assignment) -> Rubric:
    """The public part of the rubric, with the points that the course decides. Raises PolicyError and RubricError."""
    return policy_of(assignment).laid_over(decode(assignment.rubric).reproducing(())).public()


def _stage(assignment: Assignment, staged: Path) -> None:
    for place, path in packing.zones(assignment, ("guest", "student")):
        target = staged / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    public = msgspec.toml.encode(msgspec.to_builtins(public_rubric(assignment)))
    (staged / assignment.package.replace(".", "/") / "student" / "rubric.toml").write_bytes(public)
    (staged / "pyproject.toml").write_bytes(msgspec.toml.encode(_project(assignment)))


def _project(assignment: Assignment) -> dict[str, Any]:
    own = packing.declared(assignment)
    points = packing.entry_points(assignment)
    extras = {name: packing.engines(name) for name in ("pdf", "run")}
    extras |= {name: own["optional-dependencies"][name] for name in assignment.student_extras}
    packages = [*dict.fromkeys(["autograder", assignment.package.partition(".")[0]])]
    return {
        "build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build"},
        "project": {
            "name": f"{assignment.name}-check",
            "description": f"The public checks of {assignment.title}",
            "version": assignment.version,
            "requires-python": own["requires-python"],
            "dependencies": packing.requirements(assignment, ()),
            "optional-dependencies": extras,
            "scripts": points.pop("console_scripts"),
            "entry-points": points,
        },
        "tool": {"hatch": {"build": {"targets": {"wheel": {"packages": packages}}}}},
    }


def _wheel(staged: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder.resolve())]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": TIMESTAMP}
    done = subprocess.run(command, cwd=staged, env=environment, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise KitError(f"the wheel cannot be built: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return wheels[0]


def _page(assignment: Assignment, wheel: str) -> str:
    own = assignment.template / "README.md"
    if own.exists():
        return own.read_text(encoding="utf-8").replace("{wheel}", wheel)
    return PAGE.format(title=assignment.title, wheel=wheel, name=assignment.name)
