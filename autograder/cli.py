"""The `ps7` command."""

from __future__ import annotations

import io
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console

from autograder import __version__
from autograder.assignment.files import PS7
from autograder.grading.verdicts import Verdict

if TYPE_CHECKING:
    from autograder.grading.rubric import Rubric
    from autograder.output.results import Results

app = typer.Typer(
    help="Grades Problem Set 7, Representation Learning.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
WRONG_USAGE = 2
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
    time_limit: Seconds = 540.0,
    sandbox: Sandbox = "best",
) -> None:
    """Grade a submission with public and hidden checks. Exit 0 whenever results were written, whatever the score."""
    from autograder.commands.grade import grade_submission
    from autograder.grading.examination import Limits

    rubric = _rubric()
    if out is None and not as_json:
        out = Path("results.json")
    with _progress(quiet=as_json) as progress:
        try:
            results = grade_submission(
                PS7,
                submission,
                out,
                rubric,
                limits=Limits(total=time_limit),
                confinement=sandbox,
                progress=progress.show,
            )
        except OSError as error:
            _fail(f"the results cannot be written to {out}: {error.strerror or error}")
    _render(results, page, as_json=as_json, title=rubric.title, name=submission.name)
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
    with _progress(quiet=as_json) as progress:
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
            _fail(str(error))
    _render(results, page, as_json=as_json, title=f"{rubric.title}: public checks", name=notebook.name)
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
        _fail(f"there is no folder {corpus}")
    rows = []
    with _progress(quiet=as_json) as progress:
        try:
            names = list(distinctions(_rubric(), Bank.read(("public", "hidden"), PS7.banks)))
            for row in validate_all(PS7, _rubric(), corpus):
                rows.append(row)
                progress.say(f"{row.kind} {row.name}: {'off' if row.off else 'as it should be'}")
        except (corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            _fail(str(error))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(rows).decode())
    else:
        # Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole.
        console = Console() if sys.stdout.isatty() else Console(width=PIPED)
        print_names(names, console)
        print_table(rows, console)
    raise typer.Exit(1 if any(row.off for row in rows) else 0)


@app.command()
def build(
    what: Annotated[str, typer.Argument(help="notebooks, banks or all.")] = "all",
    items: Annotated[
        list[str] | None, typer.Argument(help="Items to record in the banks, all if none is named.")
    ] = None,
) -> None:
    """Make what is generated: the blank and the solved notebook, and the banks of the reference's replies."""
    from autograder.authoring import build as making
    from autograder.authoring.frames import FrameError
    from autograder.authoring.misconceptions import MisconceptionError
    from autograder.authoring.recording import RecordingError
    from autograder.sandbox.host import SandboxError

    rubric = _rubric()
    _refuse_unknown(items, rubric)

    if what not in ("notebooks", "banks", "all"):
        _fail(f"cannot build {what!r}; choose notebooks, banks or all")
    with _progress(quiet=False) as progress:
        progress.say("building; the banks of all items take about half a minute")
        try:
            if what != "banks":
                for path in making.build_notebooks(PS7):
                    typer.echo(str(path))
            if what != "notebooks":
                for path in making.build_banks(PS7, rubric, items or ()):
                    typer.echo(str(path))
        except (FrameError, MisconceptionError, RecordingError, SandboxError) as error:
            _fail(str(error))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for results.json and the HTML page of each sample.")] = Path(
        "build/demo"
    ),
) -> None:
    """Grade the bundled sample submissions offline and write their results and pages."""
    from autograder.commands.demo import run_demo

    run_demo(PS7, out, _rubric(), Console())


class _Progress:
    """A line on standard error while something takes its time; silent where that is no terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._status = self._console.status("starting the sandbox")

    def __enter__(self) -> _Progress:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        self._status.update(text)

    def show(self, item: object, verdicts: list[Verdict]) -> None:
        self.say(f"{verdicts[0].item} done" if verdicts else "")


def _progress(*, quiet: bool) -> _Progress:
    return _Progress(quiet=quiet)


def _rubric() -> Rubric:
    from autograder.grading.rubric import RubricError, load

    try:
        return load(PS7.rubric)
    except RubricError as error:
        _fail(str(error))


def _refuse_unknown(items: list[str] | None, rubric: Rubric) -> None:
    unknown = sorted(set(items or ()) - {item.name for item in rubric.items})
    if unknown:
        _fail(f"there is no item {unknown[0]!r}; the items are {', '.join(item.name for item in rubric.items)}")


def _render(results: Results, page: Path | None, *, as_json: bool, title: str, name: str) -> None:
    if page is not None:
        from autograder.output.html import render

        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render(results, title=title, notebook_name=name), encoding="utf-8")
    if as_json:
        from autograder.output.results import encode

        typer.echo(encode(results).decode())
    else:
        from autograder.output.terminal import print_report

        print_report(results, Console(), title=title)


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(f"[red]ps7:[/] {message}", highlight=False, soft_wrap=True)
    sys.exit(WRONG_USAGE)
