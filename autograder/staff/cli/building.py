"""`build`: makes the generated files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.student.commands.console import Working, fail
from autograder.student.invocation import given, read_rubric, refuse_unknown
from autograder.student.output.screen import say, screen

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment
    from autograder.student.grading.rubric import Rubric


def new_building() -> typer.Typer:
    """The group of commands."""
    building = typer.Typer(
        help="Make notebooks, banks, the zip for Gradescope and the students' kit.", invoke_without_command=True
    )
    building.callback()(build)
    building.command("notebooks")(build_notebooks)
    building.command("known")(build_known)
    building.command("banks")(build_banks)
    building.command("pairs")(build_pairs)
    building.command("feedback")(build_feedback)
    building.command("gradescope")(build_gradescope)
    building.command("student")(build_student)
    return building


def refuse_outside_a_checkout(assignment: Assignment) -> None:
    """Ends the command where only the installed package is there, without the files that it is made from and tested
    with."""
    if not assignment.is_checkout:
        fail("this command needs a checkout of the project; what is installed here is only what grading needs")


def build(context: typer.Context) -> None:
    """Make what is generated. Without a command: the notebooks, the probes' numbers, then the banks of all items."""
    refuse_outside_a_checkout(given(context))
    if context.invoked_subcommand is None:
        build_notebooks(context)
        build_known(context)
        build_banks(context)


def build_notebooks(context: typer.Context) -> None:
    """Make the blank and the solved notebook."""
    from autograder.staff.authoring import build as making
    from autograder.staff.authoring.frames import FrameError

    try:
        for path in making.build_notebooks(given(context)):
            say(str(path))
    except FrameError as error:
        fail(str(error))


def build_known(context: typer.Context) -> None:
    """Record the numbers that tell probes which of a student's parameters is which. Build the banks afterwards."""
    from autograder.staff.authoring.build import build_known as make

    _record(given(context), lambda assignment, rubric, _: make(assignment, rubric), None, "recording what probes know")


def build_banks(
    context: typer.Context,
    items: Annotated[list[str] | None, typer.Argument(help="Items to record. Without a name, all of them.")] = None,
) -> None:
    """Record what the reference and all misconceptions reply. Takes a minute or two for all items."""
    from autograder.staff.authoring.build import build_banks as make

    _record(given(context), make, items, "recording; all items take a minute or two")


def build_pairs(
    context: typer.Context,
    items: Annotated[list[str] | None, typer.Argument(help="Items to record. Without a name, all of them.")] = None,
) -> None:
    """Record what every two misconceptions of a component reply together. Takes some ten minutes for all items."""
    from autograder.staff.authoring.build import build_pairs as make

    _record(given(context), make, items, "recording every two misconceptions; all items take some ten minutes")


def _record(
    assignment: Assignment,
    make: Callable[[Assignment, Rubric, Collection[str]], Iterable[Path]],
    items: list[str] | None,
    said: str,
) -> None:
    from autograder.staff.authoring.frames import FrameError
    from autograder.staff.authoring.misconceptions import MisconceptionError
    from autograder.staff.authoring.recording import RecordingError
    from autograder.student.sandbox.host import SandboxError

    rubric = read_rubric(assignment)
    refuse_unknown(items, rubric)
    with Working() as progress:
        progress.say(said)
        try:
            for path in make(assignment, rubric, items or ()):
                say(str(path))
        except (FrameError, MisconceptionError, RecordingError, SandboxError) as error:
            fail(str(error))


def build_feedback(context: typer.Context) -> None:
    """docs/feedback.md: everything that feedback can say."""
    from autograder.staff.authoring.feedback import page
    from autograder.student.grading.bank import BankError

    assignment = given(context)
    refuse_outside_a_checkout(assignment)
    path = assignment.project / "docs" / "feedback.md"
    try:
        text = page(read_rubric(assignment), assignment.bank(), assignment.name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except BankError as error:
        fail(str(error))
    say(str(path))


def build_gradescope(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The zip to write.")] = Path("build/gradescope.zip"),
    check_it: Annotated[
        bool,
        typer.Option(
            "--check", help="Then unpack and run it as Gradescope does, on three notebooks; exit 1 if one is off."
        ),
    ] = False,
) -> None:
    """Make the zip to upload to Gradescope, with gradescope/config.toml as it is now."""
    from autograder.staff.authoring.bundle import BundleError, build_bundle
    from autograder.staff.commands.trial import print_trials, try_out
    from autograder.staff.course.policy import PolicyError, policy_of

    assignment = given(context)
    try:
        rubric = policy_of(assignment).laid_over(read_rubric(assignment))
        path = build_bundle(assignment, out)
    except (BundleError, PolicyError) as error:
        fail(str(error))
    say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if check_it:
        rows = []
        with Working("grading three notebooks as Gradescope does, which takes minutes", lines=True) as progress:
            for row in try_out(path, assignment, rubric):
                rows.append(row)
                progress.say(f"the {row.notebook} notebook is graded ({row.seconds:g} s)")
        print_trials(rows, screen())
        raise typer.Exit(1 if any(row.wrong for row in rows) else 0)


def build_student(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the kit.")] = Path("build/student"),
) -> None:
    """Make the students' kit: the blank notebook, a wheel with the public checks, and a page of instructions."""
    from autograder.staff.authoring.frames import FrameError
    from autograder.staff.authoring.kit import KitError, build_kit

    assignment = given(context)
    try:
        for path in build_kit(assignment, out):
            say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    except (FrameError, KitError) as error:
        fail(str(error))
