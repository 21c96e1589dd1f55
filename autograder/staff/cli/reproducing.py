"""`--reproduce`: which data the notebook's own training runs on, and how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograder.student.assignment import Assignment, Unavailable
from autograder.student.commands.console import Working, fail, tell

if TYPE_CHECKING:
    from autograder.student.commands.grade import Settings
    from autograder.student.grading.reproduction import Reproduce


def find_reproduction(assignment: Assignment, name: str) -> Reproduce | None:
    """The reproduction on the data set of that name; None for "" and "none". Ends the command where it cannot be
    had."""
    if name in {"", "none"}:
        return None
    if not assignment.reproduction:
        fail(f"{assignment.name} has nothing to reproduce on {name!r}")
    try:
        reproduction: Reproduce = assignment.part(assignment.reproduction)(name)
    except Unavailable as error:
        fail(str(error))
    return reproduction


def tell_cost(settings: Settings, submissions: int, at_once: int, *, quiet: bool) -> None:
    """Says before a class is graded how long it will take here, from this machine's speed as measured now. Where the
    sandbox cannot start, grading will report it."""
    from autograder.student.sandbox.host import SandboxError

    if settings.reproduce is None or not submissions or quiet:
        return
    try:
        with Working("measuring this machine's speed"), settings.sandbox() as sandbox:
            each = settings.reproduce.work * sandbox.unit
    except SandboxError:
        return
    minutes = max(1, round(submissions * each / at_once / 60))
    tell(
        f"Every notebook's own training is run: about {each:.0f} s a submission on a core of its own, "
        f"{minutes} minute{'s' if minutes > 1 else ''} for {submissions} by {at_once} "
        f"worker{'s' if at_once > 1 else ''}"
    )
