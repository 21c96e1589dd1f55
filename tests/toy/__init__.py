"""Another assignment, of two items, to show that the engine knows none."""

from pathlib import Path

from autograder.grading.assignment import Assignment

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def toy(folder: Path) -> Assignment:
    """The toy, with what is generated in `folder`."""
    return Assignment(
        name="toy",
        rubric=HERE / "toy.toml",
        banks=folder / "banks",
        template=HERE / "template",
        solution=folder / "solution.ipynb",
        root=ROOT,
        cells=HERE / "cells",
        equivalents=HERE / "equivalents.toml",
        misconceptions=HERE / "misconceptions",
        recorded_run=HERE / "recorded_run.toml",
        frames=HERE / "frames",
        corpus=HERE / "corpus",
    )
