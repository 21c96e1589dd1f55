"""Where Problem Set 7 keeps its parts."""

from pathlib import Path

from autograder.grading.assignment import Assignment

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

PS7 = Assignment(
    name="ps7",
    rubric=HERE / "ps7.toml",
    banks=HERE / "banks",
    known="autograder.assignment.probes.known",
    cells=HERE / "cells",
    template=ROOT / "student_template",
    solution=ROOT / "reference" / "solution.ipynb",
    root=ROOT,
    misconceptions=ROOT / "reference" / "misconceptions",
    equivalents=ROOT / "reference" / "equivalent_mutants.toml",
    recorded_run=ROOT / "reference" / "recorded_run.toml",
    frames=ROOT / "tests" / "frames",
    corpus=ROOT / "tests" / "corpus",
    samples=("c-temperature-multiplied-no-last-relu", "c-methods-swapped-one-direction", "c-kernel3-ascending"),
)
