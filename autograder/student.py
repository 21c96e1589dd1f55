"""The `ps7` command as students have it: `check`. What instructors have besides is in `cli.py`."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autograder import __version__
from autograder.assignment.files import PS7
from autograder.commands.console import Progress, fail, render, tell

if TYPE_CHECKING:
    from autograder.commands.run import Ran
    from autograder.grading.rubric import Rubric
    from autograder.sandbox.host import Sandbox

app = typer.Typer(
    help="Grades Problem Set 7, Representation Learning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Seconds = Annotated[float, typer.Option("--time-limit", help="Seconds for everything; results are complete by then.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON instead of a report.")]
Confine = Annotated[
    Literal["strict", "best", "none"],
    typer.Option(
        "--sandbox",
        help="Confine the notebook's code: with every layer (strict), with those that work here, or not at all.",
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


def show_cell(item: str | None) -> None:
    """Prints the item's cell and ends the command."""
    if item is None:
        return
    cells = {path.stem: path for path in sorted(PS7.cells.glob("*.py"))}
    if item not in cells:
        fail(f"there is no cell for {item!r}; there is one for {', '.join(cells)}")
    typer.echo(cells[item].read_text(encoding="utf-8"), nl=False)
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
    confinement: Confine = "best",
    watch: Annotated[bool, typer.Option("--watch", help="Check again whenever the notebook is saved.")] = False,
    show: Annotated[
        str | None,
        typer.Option(
            metavar="ITEM",
            is_eager=True,
            callback=show_cell,
            help="Print a cell for your own notebook, to run below the item's code: a small example, what should come"
            " out, and what does.",
        ),
    ] = None,
    cells: Annotated[
        bool,
        typer.Option("--cells", help="Write a copy of the notebook, NAME.cells.ipynb, with these cells where needed."),
    ] = False,
) -> None:
    """Check your notebook before handing it in: the public checks, in seconds. Exit 1 where one fails."""
    from autograder.commands.grade import check_notebook
    from autograder.commands.insert import UnwritableCopy, copy_with_cells
    from autograder.commands.watch import saved
    from autograder.grading.bank import BankError
    from autograder.grading.examination import Limits
    from autograder.sandbox.host import SandboxError
    from autograder.sandbox.remembering import Remembering
    from autograder.sandbox.starting import start
    from autograder.submission.finding import UnreadableSubmission, find_notebook
    from autograder.submission.notebook import read_notebook

    rubric = read_rubric()
    refuse_unknown(items, rubric)
    if watch and as_json:
        fail("--watch is for people and --json for scripts; take one of them")

    def passes(sandbox: Sandbox) -> bool:
        """Checks the notebook as it is now and prints the report."""
        limits = Limits(total=time_limit)
        with Progress(quiet=as_json) as progress:
            results = check_notebook(
                PS7,
                read_notebook(find_notebook(notebook)),
                tuple(items or ()),
                rubric,
                sandbox,
                limits=limits,
                progress=progress.show,
            )
        render(results, page, as_json=as_json, title=f"{rubric.title}: public checks", name=notebook.name)
        if cells:
            tell(copy_with_cells(find_notebook(notebook), results, rubric, PS7))
        return all(test.status == "passed" for test in results.tests)

    passed = False
    try:
        with Remembering(start(rubric.environment, confinement)) as sandbox:
            for _ in saved(find_notebook(notebook)):
                try:
                    passed = passes(sandbox)
                except UnreadableSubmission as error:
                    if not watch:
                        raise
                    passed = False
                    tell(str(error))
                if not watch:
                    break
                tell(f"Waiting for {notebook} to be saved; Ctrl-C ends.")
    except (UnreadableSubmission, SandboxError, BankError, UnwritableCopy) as error:
        fail(str(error))
    except KeyboardInterrupt:
        if not watch:
            raise
    raise typer.Exit(0 if passed else 1)


@app.command()
def pdf(
    notebook: Annotated[Path, typer.Argument(help="Your notebook, saved, with its outputs.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; beside the notebook if it is not given.")] = None,
    name: Annotated[str, typer.Option(help="Your name, for the first page.")] = "",
    with_check: Annotated[
        bool, typer.Option("--check/--no-check", help="Put the result of the public checks on the first page.")
    ] = True,
    printer: Annotated[
        Literal["auto", "chromium", "plutoprint"],
        typer.Option(help="What prints: a browser of Chromium's kind, or PlutoPrint; auto takes what there is."),
    ] = "auto",
    confinement: Confine = "best",
) -> None:
    """Make a PDF of the notebook to hand in: every cell and output, with what the checks say on top."""
    from autograder.commands.grade import check_notebook
    from autograder.grading.bank import BankError
    from autograder.grading.examination import Limits
    from autograder.output.printing import PrintingError
    from autograder.sandbox.host import SandboxError
    from autograder.sandbox.starting import start
    from autograder.submission.finding import UnreadableSubmission, find_notebook
    from autograder.submission.notebook import read_notebook

    try:
        from autograder.commands.pdf import print_notebook
    except ImportError as error:
        fail(f"for a PDF the package {error.name} is needed; install this with [pdf]: pip install 'ps7-check[pdf]'")
    rubric = read_rubric()
    try:
        path = find_notebook(notebook)
        out = out or path.with_suffix(".pdf")
        results = None
        with Progress() as progress:
            if with_check:
                with start(rubric.environment, confinement) as sandbox:
                    results = check_notebook(
                        PS7, read_notebook(path), (), rubric, sandbox, limits=Limits(), progress=progress.show
                    )
            progress.say("printing")
            print_notebook(path, out, author=name, results=results, printer=printer)
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror or error}")
    except (UnreadableSubmission, SandboxError, BankError, PrintingError) as error:
        fail(str(error))
    typer.echo(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    out: Annotated[
        Path | None, typer.Option(help="The executed copy; NAME.run.ipynb beside the notebook if it is not given.")
    ] = None,
    cell_time_limit: Annotated[float, typer.Option(help="Seconds for one cell.")] = 3600.0,
    time_limit: Annotated[float, typer.Option(help="Seconds for the whole notebook.")] = 86_400.0,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Run the cells after one that failed, too.")] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Run on this in place of what the notebook downloads: `composed` or the path of an archive. It runs in"
            " an empty folder then, and leaves nothing but the copy.",
        ),
    ] = None,
    with_check: Annotated[bool, typer.Option("--check/--no-check", help="Then check the executed copy.")] = True,
    confinement: Confine = "best",
) -> None:
    """Run the notebook from top to bottom in a fresh kernel, keep the outputs, and check it. Exit 1 where a cell fails.

    The cells run as they do in Jupyter: as you, unconfined.
    """
    from autograder.assignment.datasets.archive import DatasetError
    from autograder.assignment.datasets.finding import find
    from autograder.assignment.serving.folder import LaidOut, laid_out
    from autograder.submission.finding import UnreadableSubmission, find_notebook

    try:
        from autograder.commands.run import CannotBegin, run_notebook
    except ImportError as error:
        fail(f"to run notebooks {error.name} is needed; install this with [run]: pip install 'ps7-check[run]'")
    failed = False
    try:
        path = find_notebook(notebook)
        target = out or path.with_suffix(".run.ipynb")
        serving = laid_out(find(data), path) if data else contextlib.nullcontext(LaidOut())
        with Progress() as progress, serving as laid:
            for ran in run_notebook(
                path,
                target,
                cell_seconds=cell_time_limit,
                seconds=time_limit,
                keep_going=keep_going,
                before=laid.code,
                folder=laid.folder,
                begun=lambda number, count, line: progress.say(f"cell {number} of {count}: {line[:60]}"),
            ):
                failed |= bool(ran.wrong)
                typer.echo(cell_line(ran))
    except OSError as error:
        fail(f"the executed copy cannot be written: {error.strerror or error}")
    except CannotBegin as error:
        fail(f"the kernel cannot be given the data: {error}")
    except (UnreadableSubmission, DatasetError) as error:
        fail(str(error))
    typer.echo(f"Executed copy written to {target}")
    if with_check:
        # What the report says is of other data.
        items = [item.name for item in read_rubric().items if item.probes] if data else None
        check(target, items, confinement=confinement)
    raise typer.Exit(1 if failed else 0)


def cell_line(ran: Ran) -> str:
    """One cell that was run, on a line."""
    used = f"{ran.memory / 2**20:7.0f} MB" if ran.memory else " " * 10
    return f"cell {ran.number:3}  {ran.seconds:8.1f} s  {used}  {ran.wrong or 'done'}"


def read_rubric(reproducing: Collection[str] = ()) -> Rubric:
    """The assignment's; ends the command where it contradicts itself."""
    from autograder.grading.rubric import RubricError, load

    try:
        return load(PS7.rubric, reproducing)
    except RubricError as error:
        fail(str(error))


def refuse_unknown(items: list[str] | None, rubric: Rubric) -> None:
    """Ends the command where one of the names is no item's."""
    unknown = sorted(set(items or ()) - {item.name for item in rubric.items})
    if unknown:
        fail(f"there is no item {unknown[0]!r}; the items are {', '.join(item.name for item in rubric.items)}")
