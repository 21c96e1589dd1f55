"""`ps7 build`: makes what is generated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from autograder.assignment.files import PS7
from autograder.commands.console import Progress, fail
from autograder.student import read_rubric, refuse_unknown

if TYPE_CHECKING:
    from autograder.grading.assignment import Assignment
    from autograder.grading.rubric import Rubric

building = typer.Typer(help="Make what is generated.", invoke_without_command=True)


def refuse_outside_a_checkout() -> None:
    """Ends the command where only the installed package is there, without what it is made from and tested with."""
    if not PS7.frames.is_dir():
        fail("this needs a checkout of the project; what is installed here holds what grading needs, and no more")


@building.callback()
def build(context: typer.Context) -> None:
    """Make what is generated. Without a command: the notebooks, what probes know, then the banks of all items."""
    refuse_outside_a_checkout()
    if context.invoked_subcommand is None:
        build_notebooks()
        build_known()
        build_banks()


@building.command("notebooks")
def build_notebooks() -> None:
    """The blank and the solved notebook."""
    from autograder.authoring import build as making
    from autograder.authoring.frames import FrameError

    try:
        for path in making.build_notebooks(PS7):
            typer.echo(str(path))
    except FrameError as error:
        fail(str(error))


@building.command("known")
def build_known() -> None:
    """The numbers by which probes find out which of a student's parameters is which. Seconds; the banks come after."""
    from autograder.authoring.build import build_known as make

    _record(lambda assignment, rubric, _: make(assignment, rubric), None, "recording what probes know")


@building.command("banks")
def build_banks(
    items: Annotated[list[str] | None, typer.Argument(help="Items to record, all if none is named.")] = None,
) -> None:
    """The banks of what the reference and all misconceptions reply. A minute or two for all items."""
    from autograder.authoring.build import build_banks as make

    _record(make, items, "recording; the banks of all items take a minute or two")


@building.command("pairs")
def build_pairs(
    items: Annotated[list[str] | None, typer.Argument(help="Items to record, all if none is named.")] = None,
) -> None:
    """The banks of what every two misconceptions of a component reply together. Some ten minutes for all items."""
    from autograder.authoring.build import build_pairs as make

    _record(make, items, "recording every two misconceptions; all items take some ten minutes")


def _record(
    make: Callable[[Assignment, Rubric, Collection[str]], Iterable[Path]], items: list[str] | None, said: str
) -> None:
    from autograder.authoring.frames import FrameError
    from autograder.authoring.misconceptions import MisconceptionError
    from autograder.authoring.recording import RecordingError
    from autograder.sandbox.host import SandboxError

    rubric = read_rubric()
    refuse_unknown(items, rubric)
    with Progress() as progress:
        progress.say(said)
        try:
            for path in make(PS7, rubric, items or ()):
                typer.echo(str(path))
        except (FrameError, MisconceptionError, RecordingError, SandboxError) as error:
            fail(str(error))


@building.command("feedback")
def build_feedback() -> None:
    """docs/feedback.md: everything that feedback can say."""
    from autograder.authoring.feedback import page
    from autograder.grading.bank import Bank, BankError

    refuse_outside_a_checkout()
    path = PS7.root / "docs" / "feedback.md"
    try:
        path.write_text(page(read_rubric(), Bank.read(("public", "hidden"), PS7.banks)), encoding="utf-8")
    except BankError as error:
        fail(str(error))
    typer.echo(str(path))


@building.command("gradescope")
def build_gradescope(
    out: Annotated[Path, typer.Option(help="The zip to write.")] = Path("build/gradescope.zip"),
    check_it: Annotated[
        bool,
        typer.Option(
            "--check", help="Then unpack and run it as Gradescope does, on three notebooks; exit 1 if one is off."
        ),
    ] = False,
) -> None:
    """The zip to upload to Gradescope, with gradescope/config.toml as it is now."""
    from autograder.authoring.bundle import BundleError, build_bundle
    from autograder.commands.trial import print_trials, try_out
    from autograder.grading.policy import PolicyError, read_policy

    try:
        rubric = read_policy(PS7.root / "gradescope" / "config.toml").laid_over(read_rubric())
        path = build_bundle(PS7, out)
    except (BundleError, PolicyError) as error:
        fail(str(error))
    typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if check_it:
        rows = []
        with Progress() as progress:
            for row in try_out(path, PS7, rubric):
                rows.append(row)
                progress.say(f"{row.notebook} notebook graded")
        print_trials(rows, Console())
        raise typer.Exit(1 if any(row.wrong for row in rows) else 0)


@building.command("student")
def build_student(
    out: Annotated[Path, typer.Option(help="The folder for it.")] = Path("build/student"),
) -> None:
    """What students are given: the blank notebook, a wheel with the public checks, and a page of instructions."""
    from autograder.authoring.frames import FrameError
    from autograder.authoring.kit import KitError, build_kit

    try:
        for path in build_kit(PS7, read_rubric(), out):
            typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    except (FrameError, KitError) as error:
        fail(str(error))


@building.command("stl10")
def build_stl10(
    root: Annotated[
        Path, typer.Option(help="The folder that holds, or is to hold, torchvision's stl10_binary.")
    ] = Path("data"),
    out: Annotated[Path, typer.Option(help="The archive to write.")] = Path("build/stl10.zip"),
    flickr8k: Annotated[
        Path | None,
        typer.Option(
            help="The folder with Images/ and captions.csv: its photos and captions are what CLIP is trained on."
        ),
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch STL-10 first, 2.6 GB.")] = False,
) -> None:
    """A subset of STL-10, and of Flickr8k, as one archive, for `grade --reproduce`, `run --data` and `calibrate`."""
    refuse_outside_a_checkout()
    from autograder.assignment.datasets.archive import DatasetError
    from autograder.assignment.serving.backbones import BackboneError
    from reference import backbones, flickr8k_archive, stl10_archive

    pairs = flickr8k_archive.entries(flickr8k) if flickr8k else ()
    queries = flickr8k_archive.QUERIES if flickr8k else {}
    try:
        with Progress() as progress:
            progress.say("reading STL-10 and Flickr8k" if flickr8k else "reading STL-10")
            path = stl10_archive.write(root, out, download=download, pairs=pairs, queries=queries)
            if flickr8k:
                progress.say("computing the features of images and captions")
                backbones.add_features(path)
    except (DatasetError, BackboneError) as error:
        fail(str(error))
    typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
