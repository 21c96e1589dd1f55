"""The command line as instructors have it: all that students have, and the commands that need hidden banks or the
reference."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autograder.staff.cli.batching import batch
from autograder.staff.cli.building import new_building, refuse_outside_a_checkout
from autograder.staff.cli.comparing import similar
from autograder.staff.cli.measuring import doctor, profile, validate
from autograder.staff.cli.reproducing import find_reproduction
from autograder.staff.cli.showing import show
from autograder.staff.commands.watched import end_in
from autograder.student import cli as students
from autograder.student.commands.console import Working, fail, refuse_unconfined, render, tell
from autograder.student.invocation import (
    Annotate,
    AsJson,
    Confine,
    Page,
    command_line,
    given,
    read_rubric,
    refuse_unknown,
    run_command,
)
from autograder.student.output.called import Command
from autograder.student.output.screen import say, say_json, screen, wide_screen
from autograder.student.showing import annotator

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment


def main(assignment: Assignment) -> None:
    """Runs the staff's command line."""
    run_command(command_line(assignment, new_app(assignment)))


def new_app(assignment: Assignment) -> typer.Typer:
    """Adds all commands of this assignment."""
    app, building = students.new_app(), new_building()
    app.add_typer(building, name="build")
    app.command()(batch)
    app.command()(similar)
    app.command()(doctor)
    app.command()(profile)
    app.command()(validate)
    if assignment.commands:
        assignment.part(assignment.commands)(app, building)
    app.command()(grade)
    app.command()(explain)
    app.command()(demo)
    return app


def grade(
    context: typer.Context,
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    out: Annotated[Path | None, typer.Option(help="Where to write results.json in Gradescope's format.")] = None,
    page: Page = None,
    annotate: Annotate = None,
    pdf: Annotated[
        Path | None,
        typer.Option(
            "--pdf", metavar="FILE", help="Also print the notebook as a PDF, with the points on its first page."
        ),
    ] = None,
    as_json: AsJson = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Seconds for the whole submission. The results are complete by then. 540 unless --config says "
            "otherwise.",
        ),
    ] = None,
    confinement: Confine = "best",
    config: Annotated[
        Path | None,
        typer.Option(help="The course's settings, as in gradescope/config.toml: points, visibility, time, lateness."),
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
    """Grade a submission with public and hidden checks. Exit 0 if results were written, whatever the score."""
    from autograder.staff.course.metadata import MetadataError, read_metadata
    from autograder.staff.course.policy import Policy, PolicyError, read_policy
    from autograder.staff.course.standing import with_standing
    from autograder.student.commands.grade import Settings, grade_submission
    from autograder.student.grading.examination import Limits
    from autograder.student.output.results import UnwritableResults

    refuse_unconfined(confinement)
    write_annotated = annotator(context) if annotate is not None else None
    assignment = given(context)
    try:
        policy = read_policy(config) if config is not None else Policy()
        reproduction = find_reproduction(assignment, policy.reproduce if reproduce is None else reproduce)
        rubric = policy.laid_over(read_rubric(assignment, reproduction.items if reproduction else ()))
    except PolicyError as error:
        fail(str(error))
    # a platform gives a folder, and has to get results in any case
    if metadata is None and not os.path.lexists(submission):
        fail(f"there is no file or folder {submission}")
    told, problem = None, ""
    try:
        told = read_metadata(metadata) if metadata is not None else None
    except MetadataError as error:  # a mistake in the platform's own file must not cost the submission its grade
        tell(f"{Command.name}: {error}")
        problem = f"It is not known whether the submission is late: {error}"
    if out is None and not as_json:
        out = Path("results.json")
    if policy.pdf and pdf is None and out is not None:
        pdf = out.with_name("notebook.pdf")
    limits = Limits(total=policy.time_limit if time_limit is None else time_limit)
    end_in(limits.total)
    settings = Settings(
        assignment=assignment,
        rubric=rubric,
        limits=limits,
        confinement=confinement,
        standing=partial(with_standing, metadata=told, late=policy.late, problem=problem, feedback=policy.feedback),
        reproduce=reproduction,
    )
    with Working(quiet=as_json) as progress:
        if reproduction is not None:
            reproduction.say = progress.say
        try:
            results = grade_submission(settings, submission, out, progress=progress.show)
        except UnwritableResults as error:
            fail(f"the results cannot be written to {out}: {error.strerror or error}")
    problems = show(
        submission, results, rubric.title, page=page, annotated=annotate, write=write_annotated, pdf=pdf, out=out
    )
    render(results, as_json=as_json, title=rubric.title)
    for problem in problems:
        tell(f"{Command.name}: {problem}")
    if out is not None and not as_json:
        tell(f"Results written to {out}")


def explain(
    context: typer.Context,
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    item: Annotated[str, typer.Argument(help="The item to explain.")],
    results: Annotated[
        Path | None,
        typer.Option(
            help="The results.json that the student received. The command then says what the grader would give "
            "differently now."
        ),
    ] = None,
    page: Page = None,
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Show what the verdicts on an item rest on, with the hidden inputs and replies. Not for students."""
    from autograder.staff.commands import explain as explaining
    from autograder.staff.commands import explain_page
    from autograder.student.grading.bank import BankError
    from autograder.student.output.placing import place_text
    from autograder.student.output.results import ResultsError, decode
    from autograder.student.sandbox.host import SandboxError
    from autograder.student.submission.locating import UnreadableSubmission

    assignment = given(context)
    rubric = read_rubric(assignment)
    refuse_unknown([item], rubric)
    refuse_unconfined(confinement)
    try:
        before = decode(results.read_bytes()) if results is not None else None
        with Working(quiet=as_json):
            explained, code = explaining.explain_item(assignment, submission, rubric.item(item), rubric, confinement)
    except OSError as error:
        fail(f"{results} cannot be read: {error.strerror or error}")
    except (UnreadableSubmission, SandboxError, BankError, ResultsError) as error:
        fail(str(error))
    changed = explaining.changes(before, explained) if before is not None else []
    if page is not None:
        text = explain_page.render(explained, code, item=rubric.item(item), name=submission.name, changed=changed)
        try:
            place_text(page, text)
        except OSError as error:
            fail(f"{page} cannot be written: {error.strerror or error}")
    if as_json:
        say_json(explaining.as_json(explained, changed))
        return
    explaining.print_explanation(explained, wide_screen())
    for sentence in changed or (["The points are the same as in those results."] if before is not None else []):
        say(sentence)


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for the results.json and the HTML page of each sample.")] = Path(
        "build/demo"
    ),
) -> None:
    """Grade the bundled sample submissions, offline, and write their results and pages."""
    from autograder.staff.commands.demo import run_demo

    assignment = given(context)
    refuse_outside_a_checkout(assignment)
    reproduction = find_reproduction(assignment, assignment.dataset)
    whole = read_rubric(assignment, reproduction.items if reproduction else ())
    run_demo(assignment, out, read_rubric(assignment), screen(), whole=whole, reproduce=reproduction)
