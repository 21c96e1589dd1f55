"""Tries a bundle for Gradescope: it is unpacked as the platform does it, and run as the platform runs it, on three
notebooks whose scores are known."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.table import Table

from autograder.staff.authoring import frames
from autograder.staff.authoring.bundle import unpack
from autograder.staff.authoring.hostile import attacked
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.output.results import ResultsError, decode
from autograder.student.output.screen import Screen

PATIENCE = 660.0
"""Seconds; Gradescope's own limit is 600."""
FORGERY = """

def _forged(made):
    import os
    try:
        getattr(os, "wri" + "te")(getattr(os, "op" + "en")({results!r}, os.O_WRONLY | os.O_TRUNC), b'{{"score": 1000}}')
    finally:
        getattr(os, "ki" + "ll")(-1, 9)
        getattr(os, "_ex" + "it")(0)


{name} = _forged({name})
"""
"""Writes results of its own, kills every process that it can, and ends as if all were well; its text does not show
it."""


class Trial(msgspec.Struct, frozen=True):
    """What the bundle said about one notebook; `wrong` is empty where that is right."""

    notebook: str
    score: float | None
    expected: float
    seconds: float
    wrong: str


def try_out(bundle: Path, assignment: Assignment, rubric: Rubric, python: str = sys.executable) -> Iterator[Trial]:
    """Grades the solved notebook, the blank one and a hostile one. `python` replaces the Python that setup.sh
    installs."""
    with tempfile.TemporaryDirectory(prefix="autograder-trial-") as folder:
        platform = Path(folder)
        unpack(bundle, platform)
        attacked = next(item for item in rubric.items if item.probes)
        hostile = _hostile(assignment, attacked, platform / "results" / "results.json")
        for name, text, expected in (
            ("solved", frames.text(frames.generate(assignment, "solution")), rubric.points),
            ("blank", frames.text(frames.generate(assignment, "template")), 0.0),
            ("hostile", hostile, rubric.points - attacked.points),
        ):
            started = time.monotonic()
            score, wrong = _run(platform, text, python)
            if score is not None and abs(score - expected) > 1e-6:
                wrong = f"{score:g} points where {expected:g} are right"
            yield Trial(name, score, expected, round(time.monotonic() - started, 1), wrong)


def _hostile(assignment: Assignment, item: Item, results: Path) -> str:
    """The solved notebook, in which the code for one item attacks the grader."""
    forgery = FORGERY.format(results=str(results), name=item.needs[0])
    return frames.text(attacked(assignment, item, forgery))


def _run(platform: Path, notebook: str, python: str) -> tuple[float | None, str]:
    """The score, or what went wrong."""
    (platform / "submission" / "submitted.ipynb").write_text(notebook, encoding="utf-8")
    out = platform / "results" / "results.json"
    out.unlink(missing_ok=True)
    try:
        done = subprocess.run(
            [str(platform / "run_autograder")],
            env={"PATH": os.environ.get("PATH", ""), "PS7_AUTOGRADER": str(platform), "PS7_PYTHON": python},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            return None, f"run_autograder ended with {done.returncode}: {last[0]}"
        return decode(out.read_bytes()).score, ""
    except subprocess.TimeoutExpired:
        return None, f"run_autograder was still running after {PATIENCE:.0f} s"
    except (OSError, ResultsError) as error:
        return None, str(error)


def print_trials(rows: list[Trial], console: Screen) -> None:
    """A table with a line for each notebook."""
    table = Table("notebook", "points", "expected", "seconds", "", box=None)
    for row in rows:
        points = "" if row.score is None else f"{row.score:g}"
        table.add_row(row.notebook, points, f"{row.expected:g}", f"{row.seconds:g}", row.wrong or "as it should be")
    console.print(table)
