"""The command line as students have it: `check`, `pdf`, `run`. The instructors' further commands are in the staff's
zone."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autograder.student.assignment import Assignment, LaidOut, Unavailable
from autograder.student.commands.console import Working, fail, render, tell
from autograder.student.invocation import (
    Annotate,
    AsJson,
    Confine,
    Page,
    Seconds,
    command_line,
    given,
    read_rubric,
    refuse_unknown,
    run_command,
)
from autograder.student.output.called import Command
from autograder.student.output.screen import say
from autograder.student.showing import annotator, pages_of, to_install

if TYPE_CHECKING:
    from autograder.student.commands.run import Ran
    from autograder.student.sandbox.host import Sandbox


def main(assignment: Assignment) -> None:
    """Runs the students' command line."""
    run_command(command_line(assignment, new_app()))


def new_app() -> typer.Typer:
    """Adds the commands that students have."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(common)
    for command in (check, pdf, run):
        app.command()(command)
    return app


def _version(context: typer.Context, asked: bool) -> None:
    if asked:
        say(f"{given(context).name} {given(context).version}")
        raise typer.Exit


def show_cell(context: typer.Context, item: str | None) -> None:
    """Prints the item's cell and ends the command."""
    if item is None:
        return
    cells = {path.stem: path for path in sorted(given(context).cells.glob("*.py"))}
    if item not in cells:
        fail(f"there is no cell for {item!r}; there are cells for {', '.join(cells) or 'no item'}")
    say(cells[item].read_text(encoding="utf-8"), end="")
    raise typer.Exit


def common(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Grades an assignment."""
    Command.name = given(context).name


def check(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    items: Annotated[list[str] | None, typer.Argument(help="Items to check. Without a name, all of them.")] = None,
    page: Page = None,
    annotate: Annotate = None,
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
            help="Print a cell to run in your own notebook, below the item's code: a small example, what should come"
            " out, and what does.",
        ),
    ] = None,
    cells: Annotated[
        bool,
        typer.Option(
            "--cells",
            help="Write a copy of the notebook, NAME.cells.ipynb, with such a cell below each mistake that it can "
            "show.",
        ),
    ] = False,
) -> None:
    """Check your notebook before you hand it in: the public checks, in seconds. Exit 1 if one fails."""
    from autograder.student.commands.grade import Settings, check_notebook
    from autograder.student.commands.insert import UnwritableCopy, copy_with_cells
    from autograder.student.commands.watch import saved
    from autograder.student.grading.bank import BankError
    from autograder.student.grading.examination import Limits
    from autograder.student.sandbox.host import SandboxError
    from autograder.student.sandbox.remembering import Remembering
    from autograder.student.sandbox.starting import start
    from autograder.student.submission.locating import UnreadableSubmission, find_notebook
    from autograder.student.submission.notebook import read_notebook

    assignment = given(context)
    rubric = read_rubric(assignment)
    refuse_unknown(items, rubric)
    write_annotated = annotator(context) if annotate is not None else None
    if watch and as_json:
        fail("--watch and --json cannot be combined: --watch is for people, --json for scripts")

    def passes(sandbox: Sandbox) -> bool:
        """Checks the notebook as it is now and prints the report."""
        settings = Settings(
            assignment=assignment, rubric=rubric, limits=Limits(total=time_limit), confinement=confinement
        )
        with Working(quiet=as_json) as progress:
            read = read_notebook(find_notebook(notebook))
            results = check_notebook(settings, read, items or (), sandbox, progress.show)
        title = f"{rubric.title}: public checks"
        problems = pages_of(
            results, find_notebook(notebook), title, page=page, annotated=annotate, write=write_annotated
        )
        render(results, as_json=as_json, title=title)
        if problems:
            fail(problems[0])
        if cells:
            tell(copy_with_cells(find_notebook(notebook), results, rubric, assignment))
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
                tell(f"Waiting until {notebook} is saved again. Press Ctrl-C to stop.")
    except (UnreadableSubmission, SandboxError, BankError, UnwritableCopy) as error:
        fail(str(error))
    except KeyboardInterrupt:
        if not watch:
            raise
    raise typer.Exit(0 if passed else 1)


def pdf(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="Your notebook, saved, with its outputs.")],
    out: Annotated[Path | None, typer.Option(help="The file to write. By default it is next to the notebook.")] = None,
    name: Annotated[str, typer.Option(help="Your name, for the first page.")] = "",
    with_check: Annotated[
        bool, typer.Option("--check/--no-check", help="Put the result of the public checks on the first page.")
    ] = True,
    printer: Annotated[
        Literal["auto", "chromium", "plutoprint"],
        typer.Option(
            help="The program that prints: a browser such as Chrome, Edge or Chromium, or PlutoPrint. auto takes "
            "what is installed."
        ),
    ] = "auto",
    confinement: Confine = "best",
) -> None:
    """Make a PDF of the notebook to hand in: every cell and output, with the result of the checks on top."""
    from autograder.student.commands.grade import Settings, check_notebook
    from autograder.student.grading.bank import BankError
    from autograder.student.output.printing import PrintingError
    from autograder.student.sandbox.host import SandboxError
    from autograder.student.submission.locating import UnreadableSubmission, find_notebook
    from autograder.student.submission.notebook import read_notebook

    try:
        from autograder.student.commands.laid_out import LayoutError
        from autograder.student.commands.pdf import print_notebook
    except ImportError as error:
        fail(f"a PDF needs the package {error.name}: {to_install(context, 'pdf', error.name)}")
    assignment = given(context)
    rubric = read_rubric(assignment)
    try:
        path = find_notebook(notebook)
        out = out or path.with_suffix(".pdf")
        results = None
        with Working() as progress:
            if with_check:
                settings = Settings(assignment=assignment, rubric=rubric, confinement=confinement)
                with settings.sandbox() as sandbox:
                    results = check_notebook(settings, read_notebook(path), (), sandbox, progress.show)
            progress.say("printing")
            print_notebook(path, out, author=name, results=results, printer=printer)
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror or error}")
    except (UnreadableSubmission, SandboxError, BankError, LayoutError, PrintingError) as error:
        fail(str(error))
    say(f"{out} ({out.stat().st_size / 1e6:.1f} MB)")


def run(
    context: typer.Context,
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    out: Annotated[
        Path | None, typer.Option(help="The executed copy. By default NAME.run.ipynb next to the notebook.")
    ] = None,
    cell_time_limit: Annotated[float, typer.Option(min=1, help="Seconds for one cell.")] = 3600.0,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds for the whole notebook.")] = 86_400.0,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on after a cell that failed.")] = False,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Use this data set instead of what the notebook downloads: `composed` or the path of an archive. The"
            " notebook then runs in an empty folder and leaves nothing but the copy.",
        ),
    ] = None,
    with_check: Annotated[bool, typer.Option("--check/--no-check", help="Check the executed copy afterwards.")] = True,
    confinement: Confine = "best",
) -> None:
    """Run the notebook from top to bottom in a fresh kernel, save the outputs, and check it. Exit 1 if any of it fails.

    The cells run as they do in Jupyter: as you, unconfined.
    """
    from autograder.student.submission.locating import UnreadableSubmission, find_notebook

    try:
        from autograder.student.commands.run import CannotBegin, run_notebook
    except ImportError as error:
        fail(f"running notebooks needs the package {error.name}: {to_install(context, 'run', error.name)}")
    assignment = given(context)
    failed = False
    try:
        path = find_notebook(notebook)
        target = out or path.with_suffix(".run.ipynb")
        serving = _laid_out(assignment, data, path) if data else contextlib.nullcontext(LaidOut())
        with Working() as progress, serving as laid:
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
                say(cell_line(ran))
    except OSError as error:
        fail(f"the executed copy cannot be written: {error.strerror or error}")
    except CannotBegin as error:
        fail(f"the kernel cannot be given the data: {error}")
    except (UnreadableSubmission, Unavailable) as error:
        fail(str(error))
    say(f"Executed copy written to {target}")
    if with_check:
        # The report's statements are about other data.
        items = [item.name for item in read_rubric(assignment).items if item.probes] if data else None
        try:
            check(context, target, items, confinement=confinement)
        except typer.Exit as checked:
            failed |= bool(checked.exit_code)
    raise typer.Exit(1 if failed else 0)


def _laid_out(assignment: Assignment, data: str, notebook: Path) -> AbstractContextManager[LaidOut]:
    if not assignment.data:
        raise Unavailable(f"{assignment.name} has no data to run notebooks on")
    laid: AbstractContextManager[LaidOut] = assignment.part(assignment.data)(data, notebook)
    return laid


def cell_line(ran: Ran) -> str:
    """One line about a cell that was run."""
    used = f"{ran.memory / 2**20:7.0f} MB" if ran.memory else " " * 10
    return f"cell {ran.number:3}  {ran.seconds:8.1f} s  {used}  {ran.wrong or 'done'}"
