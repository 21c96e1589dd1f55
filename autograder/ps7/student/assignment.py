"""Problem Set 7 as the engine sees it; the contract is in `autograder.student.assignment`."""

from pathlib import Path

from autograder import __version__
from autograder.student.assignment import Assignment

FOLDER = Path(__file__).parents[1]

PS7 = Assignment(
    name="ps7",
    title="Problem Set 7, Representation Learning",
    version=__version__,
    package="autograder.ps7",
    folder=FOLDER,
    project=FOLDER.parents[1],
    environment="guest.environment",
    readers={"accuracies": "student.report:accuracies"},
    interpreters={
        "methods": "student.methods:methods",
        **{
            name: f"student.witness:{name}"
            for name in ("end_of_decoder", "loops_of_forward", "loops_of_retrieval", "rows_of_head")
        },
    },
    known="guest.probes.known",
    data="student.serving.folder:lay_out",
    reproduction="staff.reproduction:reproduction_on",
    dataset="composed",
    bands="student.report.expectations:figure_bands",
    variants="staff.variants:WRITTEN",
    commands="staff.commands:add",
    student_extras=("backbones",),
    gradescope_extras=("colab",),
    samples=("c-temperature-multiplied-no-last-relu", "c-methods-swapped-one-direction", "c-kernel3-ascending"),
)
