"""`similar`: compares what was handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from autograder.staff.cli.batching import taken_in
from autograder.student.commands.console import Working, fail, tell
from autograder.student.invocation import AsJson, given, read_rubric
from autograder.student.output.placing import place_text
from autograder.student.output.screen import say_json, wide_screen


def similar(
    context: typer.Context,
    submissions: Annotated[Path, typer.Argument(help="As for `{command} batch`.")],
    out: Annotated[Path, typer.Option(help="The page, with the shared parts side by side.")] = Path("similar.html"),
    template: Annotated[
        Path | None,
        typer.Option(
            help="The notebook that students were given. Its code does not count. By default, the bundled template."
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many pairs to show.")] = 25,
    nbgraders: Annotated[str, typer.Option("--assignment", help="The folder of one of nbgrader's assignments.")] = "",
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="The course roster: the pairs then have the students' names.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show which submissions share graded code that few others have. A person has to look; no score changes."""
    from autograder.staff.classes.similar import compare_all
    from autograder.staff.classes.similar_page import as_data, print_pairs, render
    from autograder.staff.intake.collection import CollectionError
    from autograder.staff.intake.people import TableError
    from autograder.student.submission.locating import UnreadableSubmission

    assignment = given(context)
    rubric = read_rubric(assignment)
    wanted = [item.needs for item in rubric.items if item.probes]
    handed_out = template or (assignment.blank if assignment.blank.exists() else None)
    try:
        handed = taken_in(context, submissions, nbgraders, roster, quiet=as_json)
        with Working("reading", quiet=as_json) as progress:
            compared = compare_all(handed, wanted, handed_out, most=most, progress=progress.say)
        page = render(compared, title=rubric.title)
        place_text(out, page)
    except (CollectionError, TableError, UnreadableSubmission) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or out} cannot be used: {error.strerror or error}")
    if as_json:
        pairs = [as_data(pair) for pair in compared.likeness.pairs]
        told = {"compared": compared.submissions - len(compared.unreadable), "usual": round(compared.likeness.usual, 4)}
        say_json(json.dumps(told | {"unreadable": compared.unreadable, "pairs": pairs}))
        return
    print_pairs(compared, wide_screen())
    for name, reason in compared.unreadable.items():
        tell(f"not compared: {compared.labels[name]} ({reason})")
    tell(f"The shared parts side by side: {out}")
