"""Misconceptions: the solved notebook with one small change, kept as data beside the reference.

A file `reference/misconceptions/ITEM.toml` has a table for each slug:

    [temperature-multiplied]
    shows = "The similarities are multiplied by the temperature."
    look = "Compare the line that makes the logits with the formula."
    edits = [{ old = "/ self.temperature", new = "* self.temperature" }]

Where a mistake has several forms, `forms.NAME` has the edits of a further one.
Each `old` must occur exactly once in the item's cells of the solved notebook. A frame whose own text is concerned has
other edits for a slug, in a `misconceptions.toml` beside its source.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from autograder.staff.authoring import frames
from autograder.staff.authoring.edits import Edit, edited, places
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import Description, pair_of
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.program import digest, outline
from autograder.student.submission.notebook import Notebook

Read = TypeVar("Read")


class MisconceptionError(Exception):
    """A misconception does not fit the reference; the message names it."""


@dataclass(frozen=True)
class Mistake:
    """A misconception as a notebook: the solved one with one component changed, made when it is first asked for."""

    slug: str
    description: Description
    make: Callable[[], Notebook] = field(repr=False)

    @cached_property
    def notebook(self) -> Notebook:
        """The notebook as grading reads it. Raises MisconceptionError where the change does not fit."""
        return self.make()


class Misconception(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One typical mistake: two sentences for the student, and the change that makes it."""

    shows: str
    look: str
    edits: tuple[Edit, ...]
    apart: bool = False
    """Whether the checks that it fails show what it says, whatever else is wrong in the item."""
    right: tuple[str, ...] = ()
    """Checks of its item that must have passed, or it may not be said in these words."""
    otherwise: str = ""
    """The part of it that is true where those checks have not passed."""
    forms: dict[str, tuple[Edit, ...]] = {}
    """Further changes that make the same mistake; they are recorded as "slug@form"."""


def every(assignment: Assignment, rubric: Rubric, frame: Path | None = None) -> list[Mistake]:
    """All misconceptions of the items that a frame asks for (None: the students' own), and for each item the
    misconception of not having begun.

    Raises MisconceptionError.
    """
    frame = frame or assignment.template
    held = frames.held(assignment, rubric, frame)
    mistakes = []
    for item in rubric.items:
        if item.name not in held:
            continue
        if item.probes:
            mistakes.append(_not_started(assignment, item, frame))
        for form, (misconception, edits) in _forms(assignment, item.name, frame).items():
            description = Description(
                item=item.name,
                shows=misconception.shows,
                look=misconception.look,
                apart=misconception.apart,
                right=misconception.right,
                otherwise=misconception.otherwise,
            )
            make = partial(_changed, assignment, item.name, form, edits, frame)
            mistakes.append(Mistake(form, description, make))
    return mistakes


def pairs(assignment: Assignment, item: str) -> Iterator[Mistake]:
    """Every two misconceptions of an item at once, in the students' frame, where one leaves the text that the other
    changes; of a misconception with several forms, the first. A pair has no words of its own. Raises MisconceptionError
    and FrameError."""
    every_form = _forms(assignment, item, assignment.template)
    forms = {form: edits for form, (_, edits) in every_form.items() if "@" not in form}
    for one, other in combinations(forms, 2):
        slug = pair_of(one, other)
        with contextlib.suppress(MisconceptionError):
            both = [
                _changed(assignment, item, slug, edits, assignment.template)
                for edits in ((*forms[one], *forms[other]), (*forms[other], *forms[one]))
            ]
            if both[0] == both[1]:
                yield Mistake(slug, Description(item=item, shows="", look=""), partial(_made, both[0]))


def _made(notebook: Notebook) -> Notebook:
    return notebook


def _forms(assignment: Assignment, item: str, frame: Path) -> dict[str, tuple[Misconception, tuple[Edit, ...]]]:
    """Maps a slug, or "slug@form", to the misconception and the edits that make it."""
    own = _read(frame / "misconceptions.toml", dict[str, tuple[Edit, ...]])
    forms = {}
    for slug, each in _read(assignment.reference / "misconceptions" / f"{item}.toml", dict[str, Misconception]).items():
        forms[slug] = each, own.get(slug, each.edits)
        forms |= {f"{slug}@{form}": (each, edits) for form, edits in each.forms.items()}
    return forms


def recorded(assignment: Assignment, rubric: Rubric) -> list[Mistake]:
    """All notebooks that the banks record: the misconceptions in the students' frame, and the blanks of the other
    frames."""
    return every(assignment, rubric) + [
        replace(mistake, slug=f"{mistake.slug}@{frame.name}")
        for frame in assignment.every_frame[1:]
        for held in [frames.held(assignment, rubric, frame)]
        for mistake in (_not_started(assignment, i, frame) for i in rubric.items if i.probes and i.name in held)
    ]


def _read(path: Path, form: type[dict[str, Read]]) -> Mapping[str, Read]:
    if not path.exists():
        return {}
    try:
        return msgspec.toml.decode(path.read_bytes(), type=form)
    except msgspec.DecodeError as error:
        raise MisconceptionError(f"{path}: {error}") from None


def _changed(assignment: Assignment, item: str, slug: str, edits: tuple[Edit, ...], frame: Path) -> Notebook:
    notebook = frames.generate(assignment, "solution", frame)
    for edit in edits:
        cells = [cell for cell in _cells_of(notebook, item) if any(places(cell.source, edit.old))]
        try:
            [cell] = cells
            cell.source = edited(cell.source, edit)
        except ValueError:
            raise MisconceptionError(
                f"{slug}: {edit.old!r} is not to be found exactly once in the cells of {item}"
            ) from None
    return frames.as_submission(notebook)


def _not_started(assignment: Assignment, item: Item, frame: Path) -> Mistake:
    """The solved notebook with the template's cells for this item."""
    blank = frames.generate(assignment, "template", frame)
    blank.cells = [*_cells_of(blank, item.name)]
    text = digest(outline(frames.as_submission(blank)), item.needs[0])
    description = Description(item=item.name, shows="This is still the template's blank.", look=item.todo, text=text)
    return Mistake(item.not_started, description, partial(_with_blanks, assignment, item.name, frame))


def _with_blanks(assignment: Assignment, item: str, frame: Path) -> Notebook:
    solved = frames.generate(assignment, "solution", frame)
    blank = frames.generate(assignment, "template", frame)
    for solved_cell, blank_cell in zip(_cells_of(solved, item), _cells_of(blank, item), strict=True):
        solved_cell.source = blank_cell.source
    return frames.as_submission(solved)


def _cells_of(notebook: Any, item: str) -> Iterator[Any]:
    return (cell for cell in notebook.cells if frames.belongs(cell, item))
