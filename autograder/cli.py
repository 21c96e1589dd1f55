"""The `ps7` command."""

from __future__ import annotations

import io
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

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
PIPED = 1_000
"""Characters of a line of a table that nobody looks at in a terminal."""
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
def grade(
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    out: Annotated[Path | None, typer.Option(help="Where to write Gradescope's results.json.")] = None,
    page: Page = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Seconds for everything; results are complete by then. 540, if --config says nothing."),
    ] = None,
    sandbox: Sandbox = "best",
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

    try:
        policy = read_policy(config) if config is not None else Policy()
        rubric = policy.laid_over(_rubric())
    except PolicyError as error:
        fail(str(error))
    told = None
    try:
        told = read_metadata(metadata) if metadata is not None else None
    except MetadataError as error:  # what the platform says of a submission is worth less than its grade
        Console(stderr=True).print(f"ps7: {error}", highlight=False, soft_wrap=True)
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
                confinement=sandbox,
                standing=partial(with_standing, metadata=told, late=policy.late),
                progress=progress.show,
            )
        except OSError as error:
            fail(f"the results cannot be written to {out}: {error.strerror or error}")
    render(results, page, as_json=as_json, title=rubric.title, name=submission.name)
    if out is not None and not as_json:
        Console(stderr=True).print(f"Results written to {out}", highlight=False, soft_wrap=True)


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

    rubric = _rubric()
    _refuse_unknown(items, rubric)
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
            names = list(distinctions(_rubric(), Bank.read(("public", "hidden"), PS7.banks)))
            for row in validate_all(PS7, _rubric(), corpus):
                rows.append(row)
                progress.say(f"{row.kind} {row.name}: {'off' if row.off else 'as it should be'}")
        except (corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(rows).decode())
    else:
        # Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole.
        console = Console() if sys.stdout.isatty() else Console(width=PIPED)
        print_names(names, console)
        print_table(rows, console)
    raise typer.Exit(1 if any(row.off for row in rows) else 0)


building = typer.Typer(help="Make what is generated.", invoke_without_command=True)
app.add_typer(building, name="build")


@building.callback()
def build(context: typer.Context) -> None:
    """Make what is generated. Without a command: the notebooks, then the banks of all items."""
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

    rubric = _rubric()
    _refuse_unknown(items, rubric)
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
    from autograder.commands.rehearsal import print_rehearsal, rehearse
    from autograder.grading.policy import PolicyError, read_policy

    try:
        rubric = read_policy(PS7.root / "gradescope" / "config.toml").laid_over(_rubric())
        path = build_bundle(PS7, out)
    except (BundleError, PolicyError) as error:
        fail(str(error))
    typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    if check_it:
        rows = []
        with Progress() as progress:
            for row in rehearse(path, PS7, rubric):
                rows.append(row)
                progress.say(f"{row.notebook} notebook graded")
        print_rehearsal(rows, Console())
        raise typer.Exit(1 if any(row.wrong for row in rows) else 0)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for results.json and the HTML page of each sample.")] = Path(
        "build/demo"
    ),
) -> None:
    """Grade the bundled sample submissions offline and write their results and pages."""
    from autograder.commands.demo import run_demo

    run_demo(PS7, out, _rubric(), Console())


def _rubric() -> Rubric:
    from autograder.grading.rubric import RubricError, load

    try:
        return load(PS7.rubric)
    except RubricError as error:
        fail(str(error))


def _refuse_unknown(items: list[str] | None, rubric: Rubric) -> None:
    unknown = sorted(set(items or ()) - {item.name for item in rubric.items})
    if unknown:
        fail(f"there is no item {unknown[0]!r}; the items are {', '.join(item.name for item in rubric.items)}")
