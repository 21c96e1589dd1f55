"""The `ps7` command as instructors have it: all that students have, and what needs hidden banks or the reference."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from autograder.assignment.files import PS7
from autograder.batching import batch, similar
from autograder.building import building, refuse_outside_a_checkout
from autograder.commands.console import Progress, fail, refuse_unconfined, render, tell, wide_console
from autograder.commands.watched import end_in, watched
from autograder.measuring import calibrate, profile, validate
from autograder.student import AsJson, Confine, Page, app, read_rubric, refuse_unknown
from autograder.student import main as run_command

if TYPE_CHECKING:
    from autograder.assignment.reproduction.findings import Reproduction

__all__ = ["app", "main"]
app.add_typer(building, name="build")
for command in (batch, similar, profile, validate, calibrate):
    app.command()(command)


def main() -> None:
    """Entry point of the console script."""
    if sys.argv[1:2] == ["grade"]:
        watched(run_command)
    else:
        run_command()


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
    reproduce: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Run the notebook's own training too, on `composed` (synthetic images that come with this) or on the "
            "archive of a data set; some minutes. `none` overrules --config.",
        ),
    ] = None,
) -> None:
    """Grade a submission with public and hidden checks. Exit 0 whenever results were written, whatever the score."""
    from autograder.commands.grade import grade_submission
    from autograder.grading.examination import Limits
    from autograder.grading.policy import Policy, PolicyError, read_policy
    from autograder.output.results import UnwritableResults
    from autograder.output.standing import with_standing
    from autograder.sandbox.starting import start
    from autograder.submission.metadata import MetadataError, read_metadata

    refuse_unconfined(confinement)
    try:
        policy = read_policy(config) if config is not None else Policy()
        reproduction = find_reproduction(policy.reproduce if reproduce is None else reproduce)
        rubric = policy.laid_over(read_rubric(reproduction.items if reproduction else ()))
    except PolicyError as error:
        fail(str(error))
    told = None
    try:
        told = read_metadata(metadata) if metadata is not None else None
    except MetadataError as error:  # what the platform says of a submission is worth less than its grade
        tell(f"ps7: {error}")
    if out is None and not as_json:
        out = Path("results.json")
    limits = Limits(total=policy.time_limit if time_limit is None else time_limit)
    end_in(limits.total)
    with Progress(quiet=as_json) as progress:
        if reproduction is not None:
            reproduction.say = progress.say
        try:
            results = grade_submission(
                PS7,
                submission,
                out,
                rubric,
                limits=limits,
                opening=partial(start, rubric.environment, confinement),
                standing=partial(with_standing, metadata=told, late=policy.late),
                reproduce=reproduction,
                progress=progress.show,
            )
        except UnwritableResults as error:
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


def find_reproduction(name: str) -> Reproduction | None:
    """On the data set of that name; None for "" and "none". Ends the command where it cannot be had."""
    from autograder.assignment.datasets.archive import DatasetError
    from autograder.assignment.datasets.finding import find
    from autograder.assignment.reproduction import calibration
    from autograder.assignment.reproduction.findings import Reproduction

    if name in {"", "none"}:
        return None
    try:
        dataset = find(name)
        return Reproduction(dataset, calibration.read(dataset))
    except DatasetError as error:
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
    reproduction = find_reproduction("composed")
    assert reproduction is not None
    run_demo(PS7, out, read_rubric(), Console(), whole=read_rubric(reproduction.items), reproduce=reproduction)
