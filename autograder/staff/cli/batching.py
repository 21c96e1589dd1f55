"""`batch` and `similar`: grades a whole class, and compares what was handed in."""

from __future__ import annotations

import json
import os
import sys
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.student.commands.console import Working, fail, refuse_unconfined, tell, wide_console
from autograder.student.invocation import AsJson, Confine, given, read_rubric

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from autograder.staff.classes.batch import Graded
    from autograder.staff.classes.cluster import Workers
    from autograder.staff.classes.collection import Handed
    from autograder.staff.classes.roster import Entry
    from autograder.student.assignment import Assignment
    from autograder.student.grading.rubric import Rubric

GRADES, PAGE = "grades.csv", "class.html"
MOST_REVIEWS = 10


def batch(
    context: typer.Context,
    submissions: Annotated[
        Path,
        typer.Argument(
            help="A folder with a folder or a notebook for each student, Gradescope's export (the zip, or unpacked), "
            "or nbgrader's submitted/."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(help="Folder for grades.csv, class.html, and for each submission's results.json and report.html."),
    ] = Path("grades"),
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Grade these alone; may be given again; * stands for any.")
    ] = None,
    regrade: Annotated[
        Literal["failed", "changed", "all"],
        typer.Option(help="What to grade again: where the grader failed; also where files have changed; everything."),
    ] = "failed",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Submissions at a time; each takes a core and 0.7 GB. [default: all cores]"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Grade with all workers of this Dask scheduler, as tcp://HOST:8786; they need to see the same files.",
        ),
    ] = None,
    slurm: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="JOBS", help="Grade in so many jobs of Slurm, set up as dask-jobqueue's configuration says."
        ),
    ] = None,
    nbgraders: Annotated[
        str, typer.Option("--assignment", help="Which of nbgrader's assignments, as its folder is named.")
    ] = "",
    config: Annotated[
        Path | None, typer.Option(help="What your course decides, as gradescope/config.toml: points, visibility, time.")
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave all names out of class.html.")] = False,
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Grade a whole class. Exit 1 where the grader failed at a submission.

    Interrupted, it goes on where it was; what has results is not graded again.
    """
    from zipfile import BadZipFile

    from autograder.staff.classes import batch as batching
    from autograder.staff.classes.cluster import ClusterError
    from autograder.staff.classes.collection import CollectionError, find_submissions
    from autograder.staff.classes.grades import as_csv
    from autograder.staff.course.policy import Policy, PolicyError, read_policy
    from autograder.student.commands.grade import Settings
    from autograder.student.grading.bank import BankError
    from autograder.student.grading.examination import Limits

    refuse_unconfined(confinement)
    assignment = given(context)
    try:
        policy = read_policy(config) if config is not None else Policy()
        rubric = policy.laid_over(read_rubric(assignment))
        handed = find_submissions(submissions.resolve(), nbgraders)
        chosen = _chosen(handed, only)
        waiting = batching.to_grade(chosen, out, regrade)
    except (PolicyError, CollectionError) as error:
        fail(str(error))
    except (OSError, BadZipFile) as error:
        fail(f"the submissions cannot be read: {error}")
    if len(waiting) < len(chosen):
        tell(f"{len(chosen) - len(waiting)} of {len(chosen)} have been graded before", quiet=as_json)
    settings = Settings(
        assignment=assignment, rubric=rubric, limits=Limits(total=policy.time_limit), confinement=confinement
    )
    at_once = min(workers or _cores(), max(1, len(waiting)))
    opening = _opening(at_once, scheduler, slurm)
    failed = 0
    try:
        with Seen(len(waiting), quiet=as_json) as seen:
            try:
                for graded in batching.grade_all(waiting, settings, opening):
                    graded.write(out)
                    failed += graded.failed
                    seen.add(graded)
            finally:
                entries = [batching.entry_of(each, out) for each in handed]
                table = _replace(out / GRADES, as_csv(entries, [item.name for item in rubric.items]))
                page = _replace(out / PAGE, _dashboard(assignment, entries, rubric, anonymous=anonymous))
    except (BankError, ClusterError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"the results cannot be written below {out}: {error.strerror or error}")
    told = {"graded": len(waiting), "failed": failed, "grades": str(table), "page": str(page)}
    _conclude(told, [entry for entry in entries if entry.to_review], as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def _conclude(told: dict[str, object], doubtful: list[Entry], *, as_json: bool) -> None:
    """Says what came of it, first what a person should look at: the page has all of that."""
    if as_json:
        reviews = {entry.handed.name: entry.reviews for entry in doubtful}
        typer.echo(json.dumps(told | {"to_review": reviews}))
        return
    if doubtful:
        tell(f"To look at: {len(doubtful)}, on top of the class's page")
    for entry in doubtful[:MOST_REVIEWS]:
        for reason, numbers in entry.reviews.items():
            tell(f"  {entry.handed.name}: {', '.join(numbers)} {reason}")
    tell(
        f"{told['graded']} graded, the grader failed at {told['failed']}. "
        f"Grades written to {told['grades']}, the class to {told['page']}"
    )


def _opening(at_once: int, scheduler: str | None, slurm: int | None) -> Callable[[], AbstractContextManager[Workers]]:
    """Where to grade; ends the command where two places are named."""
    from autograder.staff.classes.cluster import cluster_workers, local_workers, slurm_workers

    if slurm and scheduler:
        fail("--slurm starts a scheduler of its own; take it or --scheduler")
    if slurm:
        return partial(slurm_workers, slurm)
    return partial(cluster_workers, scheduler) if scheduler else partial(local_workers, at_once)


def similar(
    context: typer.Context,
    submissions: Annotated[Path, typer.Argument(help="As for `{command} batch`.")],
    out: Annotated[Path, typer.Option(help="The page, with the shared parts side by side.")] = Path("similar.html"),
    template: Annotated[
        Path | None,
        typer.Option(help="The notebook that was handed out; its code does not count. [default: the bundled one]"),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many pairs to show.")] = 25,
    nbgraders: Annotated[
        str, typer.Option("--assignment", help="Which of nbgrader's assignments, as its folder is named.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show which submissions have graded code in common that few others have. For the eye; no score comes of it."""
    from autograder.staff.classes.collection import CollectionError, find_submissions
    from autograder.staff.classes.similar import compare_all
    from autograder.staff.classes.similar_page import as_data, print_pairs, render
    from autograder.student.submission.locating import UnreadableSubmission

    assignment = given(context)
    rubric = read_rubric(assignment)
    wanted = [item.needs for item in rubric.items if item.probes]
    handed_out = template or (assignment.blank if assignment.blank.exists() else None)
    try:
        handed = find_submissions(submissions.resolve(), nbgraders)
        with Working("reading", quiet=as_json) as progress:
            compared = compare_all(handed, wanted, handed_out, most=most, progress=progress.say)
        page = render(compared.likeness, compared.unreadable, title=rubric.title, submissions=compared.submissions)
        _replace(out, page)
    except (CollectionError, UnreadableSubmission) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or out} cannot be used: {error.strerror or error}")
    if as_json:
        pairs = [as_data(pair) for pair in compared.likeness.pairs]
        told = {"compared": len(handed) - len(compared.unreadable), "usual": round(compared.likeness.usual, 4)}
        typer.echo(json.dumps(told | {"unreadable": compared.unreadable, "pairs": pairs}))
        return
    print_pairs(compared.likeness, wide_console())
    for name, reason in compared.unreadable.items():
        tell(f"not compared: {name} ({reason})")
    tell(f"The shared parts side by side: {out}")


class Seen:
    """How far it is: a bar on a terminal, else a line for each submission."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._is_bar = sys.stderr.isatty()
        self._total, self._done, self._failed = total, 0, 0
        self._console = Console(stderr=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]} a minute, the grader failed at {task.fields[failed]},"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            disable=not self._is_bar,
        )
        self._task = self._bar.add_task("grading", total=total, rate="-", failed=0)

    def __enter__(self) -> Seen:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, graded: Graded) -> None:
        """Counts a submission that has been graded, and shows how far it is."""
        self._done += 1
        self._failed += graded.failed
        speed = self._bar.tasks[self._task].speed
        rate = f"{60 * speed:.0f}" if speed else "-"
        self._bar.update(self._task, completed=self._done, failed=self._failed, rate=rate)
        if not self._is_bar or graded.failed:
            said = "the grader failed" if graded.failed else f"{graded.results.score:g} points"
            self._console.print(f"{self._done} of {self._total}  {graded.name}  {said}", markup=False, highlight=False)


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _chosen(handed: list[Handed], only: list[str] | None) -> list[Handed]:
    """Those that a name fits; ends the command where it fits none."""
    for pattern in only or ():
        if not any(fnmatch(each.name, pattern) for each in handed):
            fail(f"no submission is named {pattern}; the first of {len(handed)} is {handed[0].name}")
    return [each for each in handed if not only or any(fnmatch(each.name, pattern) for pattern in only)]


def _dashboard(assignment: Assignment, entries: list[Entry], rubric: Rubric, *, anonymous: bool) -> str:
    from autograder.staff.classes.dashboard import render

    known = assignment.bank().misconceptions
    bands = assignment.part(assignment.bands)() if assignment.bands else ()
    mistakes = {slug: each.shows for slug, each in known.items()}
    return render(entries, rubric, mistakes, bands, anonymous=anonymous)


def _replace(path: Path, text: str) -> Path:
    """In one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8", errors="replace")
    fresh.replace(path)
    return path
