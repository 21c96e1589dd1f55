"""The `ps7` command as students have it: `check`. What instructors have besides is in `cli.py`."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autograder import __version__
from autograder.assignment.files import PS7
from autograder.commands.console import Progress, fail, render

if TYPE_CHECKING:
    from autograder.grading.rubric import Rubric

app = typer.Typer(
    help="Grades Problem Set 7, Representation Learning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Seconds = Annotated[float, typer.Option("--time-limit", help="Seconds for everything; results are complete by then.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON instead of a report.")]
Sandbox = Annotated[
    Literal["strict", "best", "none"],
    typer.Option(
        help="Confine the notebook's code: with every layer or refuse (strict), with all that work here, or not at all."
    ),
]
Page = Annotated[Path | None, typer.Option("--html", help="Write the report as an HTML page to this file as well.")]


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets question marks, not a traceback
    # So that guests are ended and scratch folders removed; the results written so far are whole.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    app()


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"ps7 {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Grades Problem Set 7, Representation Learning."""


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    items: Annotated[list[str] | None, typer.Argument(help="Items to check, all if none is named.")] = None,
    page: Page = None,
    as_json: AsJson = False,
    time_limit: Seconds = 540.0,
    sandbox: Sandbox = "best",
) -> None:
    """Check your notebook before handing it in: the public checks, in seconds. Exit 1 where one fails."""
    from autograder.commands.grade import check_notebook
    from autograder.grading.bank import BankError
    from autograder.grading.examination import Limits
    from autograder.sandbox.host import SandboxError
    from autograder.submission.notebook import UnreadableSubmission

    rubric = read_rubric()
    refuse_unknown(items, rubric)
    with Progress(quiet=as_json) as progress:
        try:
            results = check_notebook(
                PS7,
                notebook,
                tuple(items or ()),
                rubric,
                limits=Limits(total=time_limit),
                confinement=sandbox,
                progress=progress.show,
            )
        except (UnreadableSubmission, SandboxError, BankError) as error:
            fail(str(error))
    render(results, page, as_json=as_json, title=f"{rubric.title}: public checks", name=notebook.name)
    raise typer.Exit(1 if any(test.status == "failed" for test in results.tests) else 0)


def read_rubric() -> Rubric:
    """The assignment's; ends the command where it contradicts itself."""
    from autograder.grading.rubric import RubricError, load

    try:
        return load(PS7.rubric)
    except RubricError as error:
        fail(str(error))


def refuse_unknown(items: list[str] | None, rubric: Rubric) -> None:
    """Ends the command where one of the names is no item's."""
    unknown = sorted(set(items or ()) - {item.name for item in rubric.items})
    if unknown:
        fail(f"there is no item {unknown[0]!r}; the items are {', '.join(item.name for item in rubric.items)}")
