"""Commands that measure: the grader's verdicts, and its time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from autograder.staff.cli.building import refuse_outside_a_checkout
from autograder.student.assignment import Unavailable
from autograder.student.commands.console import Working, fail, refuse_unconfined
from autograder.student.invocation import AsJson, Confine, given, read_rubric
from autograder.student.output.screen import say_json, screen, wide_screen

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check this machine: what confines students' code, resources, packages, and how to get what is missing. Exit 1 if
    something necessary is missing."""
    from autograder.staff.commands.doctor import examine, is_well, print_findings

    assignment = given(context)
    with Working("trying what confines a student's code", quiet=as_json):
        findings = list(examine(assignment, read_rubric(assignment)))
    if as_json:
        say_json(msgspec.json.encode(findings))
    else:
        print_findings(findings, screen())
    raise typer.Exit(0 if is_well(findings) else 1)


def profile(
    context: typer.Context,
    submission: Annotated[Path, typer.Argument(help="A notebook, or a folder that holds one.")],
    as_json: AsJson = False,
    confinement: Confine = "best",
) -> None:
    """Grade a submission and show where the time went, in seconds. No results are written."""
    from autograder.staff.commands.profile import Profile
    from autograder.student.commands.grade import Settings, grade_submission
    from autograder.student.output.results import GRADER_FAILED, UNREADABLE

    refuse_unconfined(confinement)
    assignment = given(context)
    rubric, seen = read_rubric(assignment), Profile()
    settings = Settings(assignment=assignment, rubric=rubric, confinement=confinement)
    opening = partial(seen.opening, rubric.environment, confinement)
    with Working(quiet=as_json):
        results = grade_submission(settings, submission, opening=opening, progress=seen.finished)
    if {UNREADABLE, GRADER_FAILED} & results.extra_data.keys():
        fail(results.output)
    if as_json:
        say_json(msgspec.json.encode(seen.phases))
    else:
        seen.print(wide_screen())


def validate(
    context: typer.Context,
    corpus: Annotated[Path | None, typer.Option(help="Folder with correct/ and wrong/ submissions.")] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Instead, try small systematic changes of the solved notebook, and show which of them the grader "
            "misses.",
        ),
    ] = False,
    variants: Annotated[
        int,
        typer.Option(min=0, help="Instead, grade this many right solutions, composed at random.", show_default=False),
    ] = 0,
    pairs: Annotated[
        int, typer.Option(min=0, help="With --mutants: this many with two changes, after all those with one.")
    ] = 300,
    frame: Annotated[
        str, typer.Option(help="With --mutants: the frame in which they are made.", show_default="the template's")
    ] = "",
    claims: Annotated[
        bool,
        typer.Option(
            help="Instead, cross-examine the mistakes that feedback names in mutants, in pairs of misconceptions "
            "and in the "
            "corpus: do they hold in cases that no grading asks for? Exit 1 if one does not."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Grade everything whose verdict is known: solution, template, misconceptions, corpus. Exit 1 if one is off."""
    from autograder.staff.authoring import corpus as corpora
    from autograder.staff.authoring.distinctions import distinctions
    from autograder.staff.authoring.frames import FrameError
    from autograder.staff.authoring.misconceptions import MisconceptionError
    from autograder.staff.commands.validate import print_names, print_table, validate_all, validate_variants
    from autograder.student.grading.bank import BankError
    from autograder.student.sandbox.host import SandboxError

    assignment = given(context)
    refuse_outside_a_checkout(assignment)
    if corpus is not None and not corpus.is_dir():
        fail(f"there is no folder {corpus}")
    if mutants:
        _validate_mutants(assignment, _frame(assignment, frame), pairs, as_json=as_json)
    if claims:
        _validate_claims(assignment, as_json=as_json)
    rows, rubric = [], read_rubric(assignment)
    with Working(quiet=as_json) as progress:
        try:
            names = list(distinctions(rubric, assignment.bank()))
            known = (
                validate_variants(assignment, rubric, variants)
                if variants
                else validate_all(assignment, rubric, corpus)
            )
            for row in known:
                rows.append(row)
                progress.say(f"{row.kind} {row.name}: {'off' if row.off else 'as it should be'}")
        except (Unavailable, corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        say_json(msgspec.json.encode(rows))
    else:
        if not variants:
            print_names(names, wide_screen())
        print_table(rows, wide_screen(), all_rows=not variants)
    raise typer.Exit(1 if any(row.off for row in rows) else 0)


def _frame(assignment: Assignment, name: str) -> Path:
    """The frame's folder; ends the command where there is none of that name."""
    known = {path.name: path for path in assignment.every_frame}
    if name and name not in known:
        fail(f"there is no frame {name}; there are {', '.join(known)}")
    return known[name] if name else assignment.template


def _validate_mutants(assignment: Assignment, frame: Path, pairs: int, *, as_json: bool) -> None:
    """Ends the command: with 1 where a mutant is not seen, or costs marks on another item."""
    from autograder.staff.authoring.frames import FrameError
    from autograder.staff.commands.mutation import grade_mutants, print_mutants
    from autograder.student.grading.bank import BankError
    from autograder.student.sandbox.host import SandboxError

    seen = []
    with Working(quiet=as_json) as progress:
        try:
            for each in grade_mutants(assignment, read_rubric(assignment), pairs, frame):
                seen.append(each)
                progress.say(f"mutant {len(seen)}, {each.item}: {'missed' if each.is_missed else 'as it should be'}")
        except (FrameError, BankError, SandboxError) as error:
            fail(str(error))
    if as_json:
        say_json(msgspec.json.encode(seen))
    else:
        print_mutants(seen, wide_screen())
    raise typer.Exit(1 if any(each.is_missed or each.elsewhere for each in seen) else 0)


def _validate_claims(assignment: Assignment, *, as_json: bool) -> None:
    """Ends the command: with 1 where a name is given that other cases do not confirm."""
    from autograder.staff.authoring import corpus as corpora
    from autograder.staff.authoring.frames import FrameError
    from autograder.staff.authoring.misconceptions import MisconceptionError
    from autograder.staff.commands.cross_examination import cross_examine, print_claims
    from autograder.student.grading.bank import BankError
    from autograder.student.sandbox.host import SandboxError

    seen = []
    with Working(quiet=as_json) as progress:
        try:
            for suspect, made in cross_examine(assignment, read_rubric(assignment)):
                seen.append((suspect, made))
                progress.say(f"{len(seen)} {suspect.kind}, {suspect.item}: {suspect.what}")
        except (corpora.CorpusError, FrameError, MisconceptionError, BankError, SandboxError) as error:
            fail(str(error))
    every = [claim for _, made in seen for claim in made]
    if as_json:
        say_json(msgspec.json.encode(every))
    else:
        print_claims(seen, wide_screen())
    raise typer.Exit(1 if any(claim.parts for claim in every) else 0)
