"""Commands that measure: the grader's verdicts, its bands for accuracies, and its seconds."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from autograder.assignment.files import PS7
from autograder.building import refuse_outside_a_checkout
from autograder.commands.console import Progress, fail, refuse_unconfined, tell, wide_console
from autograder.student import AsJson, Confine, read_rubric

if TYPE_CHECKING:
    from autograder.assignment.datasets.archive import Dataset
    from autograder.assignment.reproduction.calibrating import Variant


def profile(
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Grade a submission and show where the time went, in seconds. No results are written."""
    from autograder.commands.grade import grade_submission
    from autograder.commands.profile import Profile
    from autograder.grading.examination import Limits
    from autograder.output.results import GRADER_FAILED, UNREADABLE

    refuse_unconfined(confinement)
    rubric, seen = read_rubric(), Profile()
    opening = partial(seen.opening, rubric.environment, confinement)
    with Progress(quiet=as_json):
        results = grade_submission(
            PS7, submission, None, rubric, limits=Limits(), opening=opening, progress=seen.finished
        )
    if {UNREADABLE, GRADER_FAILED} & results.extra_data.keys():
        fail(results.output)
    if as_json:
        typer.echo(msgspec.json.encode(seen.phases).decode())
    else:
        seen.print(wide_console())


def validate(
    corpus: Annotated[Path | None, typer.Option(help="Folder with correct/ and wrong/ submissions.")] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants", help="In place of these, small systematic changes of the solved notebook: which go unseen?"
        ),
    ] = False,
    variants: Annotated[
        int, typer.Option(help="In place of these, so many right solutions composed at random.", show_default=False)
    ] = 0,
    pairs: Annotated[int, typer.Option(help="With --mutants: so many with two changes, after all with one.")] = 300,
    frame: Annotated[
        str, typer.Option(help="With --mutants: the frame that they are made in.", show_default="the template's")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Grade everything whose verdict is known: solution, template, misconceptions, corpus. Exit 1 where one is off."""
    from autograder.authoring import corpus as corpora
    from autograder.authoring.distinctions import distinctions
    from autograder.authoring.frames import FrameError
    from autograder.authoring.misconceptions import MisconceptionError
    from autograder.commands.validate import print_names, print_table, validate_all, validate_variants
    from autograder.grading.bank import Bank, BankError
    from autograder.sandbox.host import SandboxError

    if corpus is not None and not corpus.is_dir():
        fail(f"there is no folder {corpus}")
    if mutants:
        _validate_mutants(_frame(frame), pairs, as_json=as_json)
    rows = []
    with Progress(quiet=as_json) as progress:
        try:
            names = list(distinctions(read_rubric(), Bank.read(("public", "hidden"), PS7.banks)))
            known = (
                validate_variants(PS7, read_rubric(), variants)
                if variants
                else validate_all(PS7, read_rubric(), corpus)
            )
            for row in known:
                rows.append(row)
                progress.say(f"{row.kind} {row.name}: {'off' if row.off else 'as it should be'}")
        except (corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        typer.echo(msgspec.json.encode(rows).decode())
    else:
        if not variants:
            print_names(names, wide_console())
        print_table(rows, wide_console(), all_rows=not variants)
    raise typer.Exit(1 if any(row.off for row in rows) else 0)


def _frame(name: str) -> Path:
    """Its folder; ends the command where there is none of that name."""
    known = {path.name: path for path in PS7.every_frame}
    if name and name not in known:
        fail(f"there is no frame {name}; there are {', '.join(known)}")
    return known[name] if name else PS7.template


def _validate_mutants(frame: Path, pairs: int, *, as_json: bool) -> None:
    """Ends the command: 1 where one is not seen, or costs marks on another item."""
    from autograder.authoring.frames import FrameError
    from autograder.commands.mutation import grade_mutants, print_mutants
    from autograder.grading.bank import BankError
    from autograder.sandbox.host import SandboxError

    seen = []
    with Progress(quiet=as_json) as progress:
        try:
            for each in grade_mutants(PS7, read_rubric(), pairs, frame):
                seen.append(each)
                progress.say(f"mutant {len(seen)}, {each.item}: {'missed' if each.is_missed else 'as it should be'}")
        except (FrameError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        typer.echo(msgspec.json.encode(seen).decode())
    else:
        print_mutants(seen, wide_console())
    raise typer.Exit(1 if any(each.is_missed or each.elsewhere for each in seen) else 0)


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
    """The reference, and the reference with each misconception, for the figures that the data set allows."""
    from autograder.assignment.reproduction.calibrating import Variant
    from autograder.assignment.reproduction.measuring import LEANS_ON
    from autograder.authoring import frames, misconceptions
    from autograder.grading.examination import sliced
    from autograder.program import outline, program_for

    items = tuple(item for item in LEANS_ON if item != "report_clip" or dataset.has_features)
    rubric, read = read_rubric(), outline(frames.submission(PS7, "solution"))
    solution = {item.name: sliced(program_for(read, item.needs)) for item in rubric.items if item.probes}
    right, wrong = [Variant(solution=solution, items=items)], []
    for mistake in misconceptions.every(PS7, rubric):
        item = mistake.description.item
        shown = tuple(name for name in items if item in LEANS_ON[name])
        program = sliced(program_for(outline(mistake.notebook), rubric.item(item).needs))
        if shown and program != solution[item]:  # else it is in cells that no training runs
            wrong.append(
                Variant(mistake=mistake.slug, mistaken=item, solution={**solution, item: program}, items=shown)
            )
    return right, wrong
