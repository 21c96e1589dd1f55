"""One call of the command line: which assignment it is for, the questions that several commands ask, and how it is
run."""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from autograder.student.assignment import Assignment
from autograder.student.commands.console import fail
from autograder.student.output.called import Command

if TYPE_CHECKING:
    from autograder.student.grading.rubric import Rubric

Seconds = Annotated[
    float, typer.Option("--time-limit", min=1, help="Seconds for the whole notebook. The results are complete by then.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON instead of a report.")]
Confine = Annotated[
    Literal["strict", "best", "none"],
    typer.Option(
        "--sandbox",
        help="How to confine the notebook's code: strict needs every layer, best takes the layers that work here, "
        "none confines nothing.",
    ),
]
Page = Annotated[Path | None, typer.Option("--html", help="Also write the report as an HTML page to this file.")]


Annotate = Annotated[
    Path | None,
    typer.Option(
        "--annotate",
        metavar="PAGE",
        help="Also write the notebook as an HTML page, with each item's verdicts below the cell that they are about.",
    ),
]


def run_command(command: Any) -> None:
    """Runs the command, and ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows question marks, and no traceback
    # So that guests are ended and scratch folders are removed. The results written so far are whole.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    command(prog_name=command.name)


def command_line(assignment: Assignment, app: typer.Typer) -> Any:
    """The commands of `app` for one assignment, under its name; they find it as `given(context)`. The type is click's
    `Command`, of which typer has its own."""
    command: Any = typer.main.get_command(app)
    command.name, command.help = assignment.name, f"Grades {assignment.title}."
    command.context_settings["obj"] = assignment
    for each in command.commands.values():
        for parameter in each.params:
            parameter.help = parameter.help and parameter.help.replace("{command}", assignment.name)
    return command


def given(context: typer.Context) -> Assignment:
    """The assignment that a command is for."""
    assignment: Assignment = context.obj
    return assignment


def read_rubric(assignment: Assignment, reproducing: Collection[str] = ()) -> Rubric:
    """The assignment's rubric; ends the command where the rubric is wrong."""
    from autograder.student.grading.rubric import RubricError, load

    try:
        return load(assignment, reproducing)
    except RubricError as error:
        fail(str(error))


def refuse_unknown(items: list[str] | None, rubric: Rubric) -> None:
    """Ends the command where one of the names is not an item."""
    unknown = sorted(set(items or ()) - {item.name for item in rubric.items})
    if unknown and unknown[0].endswith(".ipynb"):
        fail(f"the notebook comes first, then the items: {Command.name} check {unknown[0]} ITEM ...")
    if unknown:
        fail(f"there is no item {unknown[0]!r}; the items are {', '.join(item.name for item in rubric.items)}")
