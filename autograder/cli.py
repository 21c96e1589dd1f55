"""The `ps7` command as instructors have it: all that students have, and what needs hidden banks or the reference."""

from __future__ import annotations

import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from autograder.assignment.files import PS7
from autograder.batching import batch
from autograder.building import building, refuse_outside_a_checkout
from autograder.commands.console import Progress, fail, render, tell
from autograder.commands.watched import end_in, watched
from autograder.student import AsJson, Confine, Page, app, read_rubric, refuse_unknown
from autograder.student import main as run_command

if TYPE_CHECKING:
    from autograder.assignment.datasets.archive import Dataset
    from autograder.assignment.reproduction.calibrating import Variant
    from autograder.assignment.reproduction.findings import Reproduction

__all__ = ["app", "main"]
app.add_typer(building, name="build")
app.command()(batch)
PIPED = 1_000
"""Characters of a line of a table that nobody looks at in a terminal."""


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


def wide_console() -> Console:
    """Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED)


@app.command()
def calibrate(
    dataset: Annotated[
        str, typer.Argument(help="`composed`, or the archive of a data set; the calibration is written beside it.")
    ] = "composed",
    seeds: Annotated[int, typer.Option(help="How many times the reference is trained; bands need 20 or more.")] = 50,
    workers: Annotated[int, typer.Option(help="Trainings at a time; each takes a core and half a GB.")] = 1,
    power: Annotated[
        int, typer.Option(help="Also train every misconception so many times, to see which ones accuracies show.")
    ] = 0,
    plots: Annotated[
        Path | None,
        typer.Option(help="A folder for pictures: spread, losses, accuracies over epochs, reconstructions."),
    ] = None,
    confinement: Confine = "best",
) -> None:
    """Record what the reference reaches on a data set: the bands of `grade --reproduce`. Some minutes a seed.

    Interrupted, it goes on where it was.
    """
    from autograder.assignment.datasets.archive import DatasetError
    from autograder.assignment.datasets.finding import find
    from autograder.assignment.reproduction import calibrating, calibration
    from autograder.assignment.reproduction.journal import Journal
    from autograder.assignment.reproduction.measuring import Budget
    from autograder.sandbox.host import SandboxError

    if power:
        refuse_outside_a_checkout()
    if plots is not None and find_spec("matplotlib") is None:
        fail("for pictures matplotlib is needed")
    budget = Budget()
    try:
        chosen = find(dataset)
        right, wrong = variants(chosen)
        tasks = calibrating.tasks(right, range(seeds)) + calibrating.tasks(wrong, range(seeds, seeds + power))
        journal = Journal(chosen, budget)
        wanted = {task.key: task for task in tasks}
        done = [run for run in journal.runs if wanted.pop(run.key, None)]
        if done:
            tell(f"{len(done)} of {len(tasks)} trainings were done before ({journal.path})")
        with Progress() as progress:
            for run in calibrating.runs(
                chosen.path,
                wanted.values(),
                environment=read_rubric().environment,
                budget=budget,
                workers=workers,
                confinement=confinement,
            ):
                done.append(run)
                journal.add(run)
                progress.say(f"{len(done)} of {len(tasks)}: {run.mistake or 'the reference'}, {run.item}")
        made = calibrating.calibration_of(chosen, budget, done)
    except OSError as error:
        fail(f"the calibration cannot be written: {error}")
    except (DatasetError, SandboxError, calibrating.CalibrationError) as error:
        fail(str(error))
    path = calibration.write(made, chosen.path)
    calibration.print_bands(made, wide_console())
    typer.echo(str(path))
    if plots is not None:
        from autograder.assignment.reproduction.plots import draw

        with Progress() as progress:
            progress.say("training once more, for the pictures")
            shown = calibrating.watched(chosen.path, right[0], read_rubric().environment, budget, confinement)
        for picture in draw(made, shown, plots):
            typer.echo(str(picture))


def variants(dataset: Dataset) -> tuple[list[Variant], list[Variant]]:
    """The reference, and where this is a checkout the reference with each misconception, for the figures that the data
    set allows."""
    from autograder.assignment.reproduction.calibrating import Variant
    from autograder.assignment.reproduction.measuring import LEANS_ON
    from autograder.grading.bank import Bank
    from autograder.grading.examination import sliced
    from autograder.program import outline, program_for

    items = tuple(item for item in LEANS_ON if item != "report_clip" or dataset.has_features)
    solution = Bank.read(("hidden",), PS7.banks).solution
    right = [Variant(solution=solution, items=items)]
    if not PS7.frames.is_dir():
        return right, []
    from autograder.authoring import misconceptions

    rubric, wrong = read_rubric(), []
    for mistake in misconceptions.every(PS7, rubric):
        item = mistake.description.item
        shown = tuple(name for name in items if item in LEANS_ON[name])
        program = sliced(program_for(outline(mistake.notebook), rubric.item(item).needs))
        if shown and program != list(solution[item]):  # else it is in cells that no training runs
            wrong.append(
                Variant(mistake=mistake.slug, mistaken=item, solution={**solution, item: program}, items=shown)
            )
    return right, wrong


def refuse_unconfined(confinement: str) -> None:
    """Ends the command where others' code would run as the user does, and nobody has said so."""
    from autograder.sandbox.starting import can_confine

    if confinement != "none" and not can_confine():
        fail("this system cannot confine a notebook's code, only Linux can; --sandbox none runs it as you, unconfined")


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
