"""Commands that no other assignment has: the bands for accuracies, and data to reproduce them on."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.staff.cli.building import refuse_outside_a_checkout
from autograder.student.commands.console import Working, fail, tell
from autograder.student.invocation import Confine, given, read_rubric
from autograder.student.output.screen import say, wide_screen

if TYPE_CHECKING:
    from autograder.ps7.staff.reproduction.calibrating import Variant
    from autograder.ps7.student.datasets.archive import Dataset
    from autograder.student.assignment import Assignment
    from autograder.student.grading.rubric import Rubric


def add(app: typer.Typer, building: typer.Typer) -> None:
    """Adds them to the staff's command line, and to `build`."""
    app.command()(calibrate)
    building.command("stl10")(build_stl10)


def calibrate(
    context: typer.Context,
    dataset: Annotated[
        str, typer.Argument(help="`composed`, or the archive of a data set; the calibration is written beside it.")
    ] = "composed",
    seeds: Annotated[
        int, typer.Option(min=1, help="How often to train the reference. Bands need 20 times or more.")
    ] = 50,
    workers: Annotated[int, typer.Option(min=1, help="Trainings at a time. Each takes a core and half a GB.")] = 1,
    power: Annotated[
        int,
        typer.Option(min=0, help="Also train every misconception this often, to see which ones the accuracies show."),
    ] = 0,
    plots: Annotated[
        Path | None,
        typer.Option(help="A folder for pictures: spread, losses, accuracies over epochs, reconstructions."),
    ] = None,
    confinement: Confine = "best",
) -> None:
    """Record what the reference reaches on a data set: the bands of `grade --reproduce`. Takes minutes for each seed.

    After an interruption the same command goes on.
    """
    from autograder.ps7.staff.reproduction import calibrating, calibration
    from autograder.ps7.staff.reproduction.journal import Journal
    from autograder.ps7.staff.reproduction.measuring import Budget
    from autograder.ps7.student.datasets.archive import DatasetError
    from autograder.ps7.student.datasets.locating import find
    from autograder.student.sandbox.host import SandboxError

    assignment = given(context)
    refuse_outside_a_checkout(assignment)
    rubric = read_rubric(assignment)
    if plots is not None and find_spec("matplotlib") is None:
        fail("pictures need the package matplotlib")
    budget = Budget()
    try:
        chosen = find(dataset)
        right, wrong = variants(assignment, rubric, chosen)
        tasks = calibrating.tasks(right, range(seeds)) + calibrating.tasks(wrong, range(seeds, seeds + power))
        journal = Journal(chosen, budget)
        wanted = {task.key: task for task in tasks}
        done = [run for run in journal.runs if wanted.pop(run.key, None)]
        if done:
            tell(f"{len(done)} of {len(tasks)} trainings were done before ({journal.path})")
        with Working() as progress:
            for run in calibrating.runs(
                chosen.path,
                wanted.values(),
                environment=rubric.environment,
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
    calibration.print_bands(made, wide_screen())
    say(str(path))
    if plots is not None:
        from autograder.ps7.staff.reproduction.plots import draw

        with Working() as progress:
            progress.say("training once more, for the pictures")
            shown = calibrating.watched(chosen.path, right[0], rubric.environment, budget, confinement)
        for picture in draw(made, shown, plots):
            say(str(picture))


def variants(assignment: Assignment, rubric: Rubric, dataset: Dataset) -> tuple[list[Variant], list[Variant]]:
    """The reference, and the reference with each misconception, for the figures that the data set allows."""
    from autograder.ps7.staff.reproduction.calibrating import Variant
    from autograder.ps7.staff.reproduction.measuring import LEANS_ON
    from autograder.staff.authoring import frames, misconceptions
    from autograder.student.grading.examination import sliced
    from autograder.student.program import outline, program_for

    items = tuple(item for item in LEANS_ON if item != "report_clip" or dataset.has_features)
    read = outline(frames.submission(assignment, "solution"))
    solution = {item.name: sliced(program_for(read, item.needs)) for item in rubric.items if item.probes}
    right, wrong = [Variant(solution=solution, items=items)], []
    for mistake in misconceptions.every(assignment, rubric):
        item = mistake.description.item
        shown = tuple(name for name in items if item in LEANS_ON[name])
        program = sliced(program_for(outline(mistake.notebook), rubric.item(item).needs))
        if shown and program != solution[item]:  # otherwise the mistake is in cells that no training runs
            wrong.append(
                Variant(mistake=mistake.slug, mistaken=item, solution={**solution, item: program}, items=shown)
            )
    return right, wrong


def build_stl10(
    context: typer.Context,
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
    """Make one archive of a subset of STL-10 and Flickr8k, for `grade --reproduce`, `run --data` and `calibrate`."""
    refuse_outside_a_checkout(given(context))
    from autograder.ps7.student.datasets.archive import DatasetError
    from autograder.ps7.student.serving.backbones import BackboneError
    from reference import backbones, flickr8k_archive, stl10_archive

    pairs = flickr8k_archive.entries(flickr8k) if flickr8k else ()
    queries = flickr8k_archive.QUERIES if flickr8k else {}
    try:
        with Working() as progress:
            progress.say("reading STL-10 and Flickr8k" if flickr8k else "reading STL-10")
            path = stl10_archive.write(root, out, download=download, pairs=pairs, queries=queries)
            if flickr8k:
                progress.say("computing the features of images and captions")
                backbones.add_features(path)
    except (DatasetError, BackboneError) as error:
        fail(str(error))
    say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
