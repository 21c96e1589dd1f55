"""The `ps7` command as instructors have it: all that students have, and what needs hidden banks or the reference."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from autograder.assignment.files import PS7
from autograder.commands.console import Progress, fail, render, tell
from autograder.student import AsJson, Confine, Page, app, main, read_rubric, refuse_unknown

__all__ = ["app", "main"]
PIPED = 1_000
"""Characters of a line of a table that nobody looks at in a terminal."""


@app.command()
def grade(
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    out: Annotated[Path | None, typer.Option(help="Where to write Gradescope's results.json.")] = None,
    page: Page = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Seconds for everything; results are complete by then. 540, if --config says nothing."),
    ] = None,
    confinement: Confine = "best",
    config: Annotated[
        Path | None,
        typer.Option(help="What your course decides, as gradescope/config.toml: points, visibility, time, lateness."),
    ] = None,
    metadata: Annotated[
        Path | None, typer.Option(help="Gradescope's submission_metadata.json: due dates and earlier submissions.")
    ] = None,
) -> None:
    """Grade a submission with public and hidden checks. Exit 0 whenever results were written, whatever the score."""
    from autograder.commands.grade import grade_submission
    from autograder.grading.examination import Limits
    from autograder.grading.policy import Policy, PolicyError, read_policy
    from autograder.output.standing import with_standing
    from autograder.submission.metadata import MetadataError, read_metadata

    refuse_unconfined(confinement)
    try:
        policy = read_policy(config) if config is not None else Policy()
        rubric = policy.laid_over(read_rubric())
    except PolicyError as error:
        fail(str(error))
    told = None
    try:
        told = read_metadata(metadata) if metadata is not None else None
    except MetadataError as error:  # what the platform says of a submission is worth less than its grade
        tell(f"ps7: {error}")
    if out is None and not as_json:
        out = Path("results.json")
    with Progress(quiet=as_json) as progress:
        try:
            results = grade_submission(
                PS7,
                submission,
                out,
                rubric,
                limits=Limits(total=policy.time_limit if time_limit is None else time_limit),
                confinement=confinement,
                standing=partial(with_standing, metadata=told, late=policy.late),
                progress=progress.show,
            )
        except OSError as error:
            fail(f"the results cannot be written to {out}: {error.strerror or error}")
    render(results, page, as_json=as_json, title=rubric.title, name=submission.name)
    if out is not None and not as_json:
        tell(f"Results written to {out}")


@app.command()
def explain(
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    item: Annotated[str, typer.Argument(help="The item that the question is about.")],
    results: Annotated[
        Path | None, typer.Option(help="The results.json that the student was given: says what would be otherwise now.")
    ] = None,
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Show what is behind the verdicts on an item, the hidden inputs and replies too. Not for students."""
    from autograder.commands import explain as explaining
    from autograder.grading.bank import BankError
    from autograder.output.results import ResultsError, decode
    from autograder.sandbox.host import SandboxError
    from autograder.submission.finding import UnreadableSubmission

    rubric = read_rubric()
    refuse_unknown([item], rubric)
    refuse_unconfined(confinement)
    try:
        given = decode(results.read_bytes()) if results is not None else None
        with Progress(quiet=as_json):
            explained = explaining.explain_item(PS7, submission, rubric.item(item), rubric, confinement)
    except OSError as error:
        fail(f"{results} cannot be read: {error.strerror or error}")
    except (UnreadableSubmission, SandboxError, BankError, ResultsError) as error:
        fail(str(error))
    changed = explaining.changes(given, explained) if given is not None else []
    if as_json:
        typer.echo(explaining.as_json(explained, changed))
        return
    explaining.print_explanation(explained, wide_console())
    for sentence in changed or (["The points are those of the results given."] if given is not None else []):
        typer.echo(sentence)


@app.command()
def validate(
    corpus: Annotated[Path | None, typer.Option(help="Folder with correct/ and wrong/ submissions.")] = None,
    as_json: AsJson = False,
) -> None:
    """Grade everything whose verdict is known: solution, template, misconceptions, corpus. Exit 1 where one is off."""
    from autograder.authoring import corpus as corpora
    from autograder.authoring.distinctions import distinctions
    from autograder.authoring.frames import FrameError
    from autograder.authoring.misconceptions import MisconceptionError
    from autograder.commands.validate import print_names, print_table, validate_all
    from autograder.grading.bank import Bank, BankError
    from autograder.sandbox.host import SandboxError

    if corpus is not None and not corpus.is_dir():
        fail(f"there is no folder {corpus}")
    rows = []
    with Progress(quiet=as_json) as progress:
        try:
            names = list(distinctions(read_rubric(), Bank.read(("public", "hidden"), PS7.banks)))
            for row in validate_all(PS7, read_rubric(), corpus):
                rows.append(row)
                progress.say(f"{row.kind} {row.name}: {'off' if row.off else 'as it should be'}")
        except (corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(rows).decode())
    else:
        print_names(names, wide_console())
        print_table(rows, wide_console())
    raise typer.Exit(1 if any(row.off for row in rows) else 0)


def wide_console() -> Console:
    """Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED)


def refuse_outside_a_checkout() -> None:
    """Ends the command where only the installed package is there, without what it is made from and tested with."""
    if not PS7.frames.is_dir():
        fail("this needs a checkout of the project; what is installed here holds what grading needs, and no more")


def refuse_unconfined(confinement: str) -> None:
    """Ends the command where others' code would run as the user does, and nobody has said so."""
    from autograder.sandbox.starting import can_confine

    if confinement != "none" and not can_confine():
        fail("this system cannot confine a notebook's code, only Linux can; --sandbox none runs it as you, unconfined")


building = typer.Typer(help="Make what is generated.", invoke_without_command=True)
app.add_typer(building, name="build")


@building.callback()
def build(context: typer.Context) -> None:
    """Make what is generated. Without a command: the notebooks, then the banks of all items."""
    refuse_outside_a_checkout()
    if context.invoked_subcommand is None:
        build_notebooks()
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


@building.command("banks")
def build_banks(
    items: Annotated[list[str] | None, typer.Argument(help="Items to record, all if none is named.")] = None,
) -> None:
    """The banks of what the reference and all misconceptions reply. A minute or two for all items."""
    from autograder.authoring import build as making
    from autograder.authoring.frames import FrameError
    from autograder.authoring.misconceptions import MisconceptionError
    from autograder.authoring.recording import RecordingError
    from autograder.sandbox.host import SandboxError

    rubric = read_rubric()
    refuse_unknown(items, rubric)
    with Progress() as progress:
        progress.say("recording; the banks of all items take a minute or two")
        try:
            for path in making.build_banks(PS7, rubric, items or ()):
                typer.echo(str(path))
        except (FrameError, MisconceptionError, RecordingError, SandboxError) as error:
            fail(str(error))


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


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for results.json and the HTML page of each sample.")] = Path(
        "build/demo"
    ),
) -> None:
    """Grade the bundled sample submissions offline and write their results and pages."""
    from autograder.commands.demo import run_demo

    refuse_outside_a_checkout()
    run_demo(PS7, out, read_rubric(), Console())
