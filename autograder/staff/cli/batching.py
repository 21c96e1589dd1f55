"""`batch` and `similar`: grades a whole class, and compares what was handed in."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from autograder.staff.cli.concluding import ADJUSTMENTS, Outputs, Seen, tell_of, told_of
from autograder.staff.cli.exposing import refuse_exposed
from autograder.staff.cli.reproducing import find_reproduction, tell_cost
from autograder.student.commands.console import Working, fail, tell
from autograder.student.invocation import AsJson, Confine, given, read_rubric

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from autograder.staff.classes.cluster import Workers
    from autograder.staff.classes.run import Regrade, Run
    from autograder.staff.intake.handed import Handed
    from autograder.student.commands.grade import Settings

SUBMISSIONS = (
    "The submissions: a folder with a folder or a notebook for each student; what Canvas, Moodle, Blackboard, "
    "Brightspace or Gradescope let you download, the archive or unpacked; or nbgrader's submitted/."
)


def batch(  # noqa: PLR0913, PLR0917 (each is an option)
    context: typer.Context,
    submissions: Annotated[Path, typer.Argument(help=SUBMISSIONS)],
    out: Annotated[
        Path,
        typer.Option(help="Folder for grades.csv, class.html, and for each submission's results.json and report.html."),
    ] = Path("grades"),
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Grade only this submission or student. The option can be repeated, and * matches anything.",
        ),
    ] = None,
    regrade: Annotated[
        Literal["failed", "changed", "all"] | None,
        typer.Option(
            help="What to grade again. failed: where the grader failed. changed: also where the files, the "
            "configuration, the rubric or the grader have changed. all: everything.",
            show_default="failed",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many submissions to grade at a time. Each takes a core and 0.7 GB. By default, one for each "
            "core.",
        ),
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
    nbgraders: Annotated[str, typer.Option("--assignment", help="The folder of one of nbgrader's assignments.")] = "",
    config: Annotated[
        Path | None, typer.Option(help="The course's settings, as in gradescope/config.toml: points, visibility, time.")
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="The students of the course, as your platform gives them: adds who they are, and a row for each who "
            "has handed in nothing.",
        ),
    ] = None,
    adjustments: Annotated[
        Path | None,
        typer.Option(
            metavar="TOML",
            help="What you have decided on single submissions, see docs/instructor.md. "
            "By default adjustments.toml in OUT, if it is there.",
        ),
    ] = None,
    gradebook: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            metavar="canvas|gradescope|moodle CSV",
            help="A grade book that you downloaded there. The command writes a copy with the points in the "
            "assignment's column and changes nothing else.",
        ),
    ] = None,
    column: Annotated[
        str,
        typer.Option(
            "--gradebook-column", metavar="NAME", help="The column of the grade book, if several could be meant."
        ),
    ] = "",
    reproduce: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET",
            help="Run every notebook's own training too, as `{command} grade --reproduce` does: minutes a submission.",
        ),
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave all names out of class.html.")] = False,
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Grade a whole class. Exit 1 if the grader failed at a submission.

    After an interruption the same command goes on: submissions that have results are not graded again.
    """
    from autograder.staff.classes.cluster import ClusterError
    from autograder.staff.classes.finishing import Finishing
    from autograder.staff.classes.journal import rules_of
    from autograder.staff.classes.run import Run, RunError
    from autograder.staff.course.adjustments import AdjustmentError, read_adjustments
    from autograder.staff.course.policy import Policy, PolicyError, read_policy
    from autograder.staff.intake.collection import CollectionError
    from autograder.staff.intake.people import TableError
    from autograder.student.commands.grade import Settings
    from autograder.student.grading.bank import BankError
    from autograder.student.grading.examination import Limits

    refuse_exposed(context, confinement, elsewhere=bool(scheduler or slurm))
    assignment = given(context)
    try:
        policy = read_policy(config) if config is not None else Policy()
        reproduction = find_reproduction(assignment, reproduce or "")
        policy = msgspec.structs.replace(policy, reproduce=reproduce or "")
        whole = read_rubric(assignment, reproduction.items if reproduction else ())
        rubric = policy.laid_over(whole)
        outputs = Outputs(assignment, rubric, out, gradebook, column, anonymous=anonymous, quiet=as_json)
        handed = taken_in(context, submissions, nbgraders, roster, quiet=as_json)
        chosen = _chosen(handed, only)
        decided = adjustments or out / ADJUSTMENTS
        decisions = read_adjustments(decided) if adjustments or decided.exists() else ()
        finishing = Finishing(policy.late, decisions, handed, rubric)
        run = Run(out, submissions, rules_of(assignment, whole, policy), rubric, finishing)
        waiting = _waiting(run, chosen, handed, regrade, quiet=as_json)
    except (PolicyError, CollectionError, TableError, RunError, AdjustmentError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"the results cannot be written below {out}: {error.strerror or error}")
    settings = Settings(
        assignment=assignment,
        rubric=rubric,
        limits=Limits(total=policy.time_limit),
        confinement=confinement,
        reproduce=reproduction,
    )
    at_once = min(workers or _cores(), max(1, len(waiting)))
    tell_cost(settings, len(waiting), at_once, quiet=as_json)
    failed = 0
    try:
        failed = _grade(run, waiting, settings, _opening(at_once, scheduler, slurm), outputs, handed)
    except (BankError, ClusterError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"the journal of {out} cannot be written: {error.strerror or error}")
    finally:
        outputs.write(run, handed)
    told_of(outputs, run, len(waiting), failed, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def taken_in(
    context: typer.Context, submissions: Path, nbgraders: str, roster: Path | None, *, quiet: bool
) -> list[Handed]:
    """The class while the command runs, with everybody on the roster in it. Raises CollectionError and TableError."""
    from autograder.staff.intake.collection import collected
    from autograder.staff.intake.people import people_of, with_people

    handed = context.with_resource(collected(submissions.resolve(), nbgraders))
    if roster is not None:
        handed, strangers = with_people(handed, people_of(roster))
        tell_of(strangers, f"nobody on {roster}", quiet=quiet)
    return handed


def _waiting(
    run: Run, chosen: list[Handed], handed: list[Handed], regrade: Regrade | None, *, quiet: bool
) -> list[Handed]:
    """The submissions to grade; reports how many others were graded before. Raises RunError."""
    with Working(f"looking at {len(handed)} submissions", quiet=quiet):
        waiting = run.waiting(chosen, handed, regrade)
    there = sum(not each.missing for each in chosen)
    if len(waiting) < there:
        tell(f"{there - len(waiting)} of {there} were graded before", quiet=quiet)
    return waiting


def _grade(
    run: Run,
    waiting: list[Handed],
    settings: Settings,
    opening: Callable[[], AbstractContextManager[Workers]],
    outputs: Outputs,
    everybody: list[Handed],
) -> int:
    """Grades them, and keeps the results of each as soon as they are there. Returns at how many submissions the grader
    failed."""
    from autograder.staff.classes import batch as batching

    failed = 0
    with Seen(len(waiting), quiet=outputs.quiet) as seen:
        run.begin(waiting)
        for each, results in batching.grade_all(waiting, settings, opening):
            has_failed = batching.has_failed(results)
            try:
                run.record(each, results)
            except OSError as error:
                has_failed = True
                seen.say(f"{each.name}: its results cannot be written ({error.strerror or error})")
            failed += has_failed
            seen.add(each.name, results, failed=has_failed)
            outputs.write_table_now_and_then(run, everybody)
        run.end()
    return failed


def _opening(at_once: int, scheduler: str | None, slurm: int | None) -> Callable[[], AbstractContextManager[Workers]]:
    """The place to grade in; ends the command where two places are named."""
    from autograder.staff.classes.cluster import cluster_workers, local_workers, slurm_workers

    if slurm and scheduler:
        fail("--slurm and --scheduler cannot be combined: --slurm starts a scheduler of its own")
    if slurm:
        return partial(slurm_workers, slurm)
    return partial(cluster_workers, scheduler) if scheduler else partial(local_workers, at_once)


def _cores() -> int:
    """How many processors this process may use, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _chosen(handed: list[Handed], only: list[str] | None) -> list[Handed]:
    """The submissions that a name fits; ends the command where it fits none."""
    if not only:
        return handed
    for pattern in only:
        if not any(_fits(each, pattern) for each in handed):
            fail(f"no submission is named {pattern}, and no student; the first of {len(handed)} is {handed[0].name}")
    return [each for each in handed if any(_fits(each, pattern) for pattern in only)]


def _fits(handed: Handed, pattern: str) -> bool:
    called = [handed.name, *(word for each in handed.students for word in (each.name, each.email, each.sid) if word)]
    return any(fnmatch(word, pattern) for word in called)
