"""Compares the submissions of a class pair by pair, for the instructor to judge: no score depends on it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from autograder.staff.classes.likeness import Likeness, compare
from autograder.staff.classes.shapes import Shape, shapes
from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.handed import Handed
from autograder.staff.intake.people import names_of
from autograder.student.program import outline
from autograder.student.sandbox.bounded import Exhausted, Failed, bounded
from autograder.student.submission.locating import UnreadableSubmission, find_notebook
from autograder.student.submission.notebook import read_notebook


class Compared(msgspec.Struct, frozen=True):
    """The comparison of a class, and the submissions that could not be compared."""

    submissions: int
    likeness: Likeness
    unreadable: dict[str, str]
    """Maps a name to the reason."""
    labels: dict[str, str]
    """Maps a name to the students' names, where they are known."""


def compare_all(
    handed: Sequence[Handed],
    wanted: Sequence[Sequence[str]],
    template: Path | None,
    *,
    most: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Compared:
    """`wanted`: the groups of names whose code counts. `template`: the notebook that was handed out, whose code does
    not count. Raises UnreadableSubmission where the template cannot be read."""
    given = _read_within_bounds(template, None) if template is not None else ()
    codes: dict[str, Sequence[Shape]] = {}
    unreadable: dict[str, str] = {}
    handed = [each for each in handed if not each.missing]
    for number, each in enumerate(handed, start=1):
        progress(f"reading {number} of {len(handed)}")
        try:
            with each.opened() as files:
                codes[each.name] = _read_within_bounds(files.place, wanted)
        except (UnreadableSubmission, OSError, Intolerable) as error:
            unreadable[each.name] = str(error)
    progress("comparing")
    labels = {
        each.name: f"{names} ({each.name})" if (names := names_of(each.students)) else each.name for each in handed
    }
    return Compared(len(handed), compare(codes, given, most), unreadable, labels)


def _read_within_bounds(place: Path, wanted: Sequence[Sequence[str]] | None) -> tuple[Shape, ...]:
    """The statements of a notebook, read within limits. Raises UnreadableSubmission, and OSError where there is no
    file."""
    try:
        read = bounded(_read, place, wanted, answer=tuple[Shape, ...] | str)
    except (Exhausted, Failed) as error:
        raise UnreadableSubmission(str(error)) from None
    if isinstance(read, str):
        raise UnreadableSubmission(read)
    return read


def _read(place: Path, wanted: Iterable[Sequence[str]] | None) -> tuple[Shape, ...] | str:
    """The statements, or why they cannot be read. Where nothing is wanted, all code of the notebook counts."""
    try:
        read = outline(read_notebook(find_notebook(place)))
    except UnreadableSubmission as error:
        return str(error)
    groups = wanted if wanted is not None else [sorted(statement.binds) for statement in read.statements]
    return shapes(read, list(groups))
