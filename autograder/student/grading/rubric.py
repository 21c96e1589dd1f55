"""The rubric as typed data."""

from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.student.assignment import Assignment, BankName
from autograder.student.grading.signs import Sign
from autograder.student.grading.verdicts import Visibility


def named(path: str) -> Any:
    """The host's function that "module:function" names. Raises ImportError and AttributeError."""
    module, _, function = path.partition(":")
    return getattr(import_module(module), function)


class RubricError(Exception):
    """The rubric file is wrong; the message says where."""


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One concrete question: a probe with its arguments."""

    probe: str
    bank: BankName
    probes: str = ""
    """The module of the probe where it is not the item's own. Its guest executes the whole notebook, not only the
    item's part."""
    interpreter: str = ""
    """One of the assignment's interpreters, which computes facts from the outcome and the notebook."""
    arguments: dict[str, Any] = {}
    variation: str = ""
    """How it differs from the case that has the same arguments but for one, as a part of a sentence: "when ..."."""
    shown: bool = True
    """Whether the item's cell shows what goes wrong in this case, for a check that the cell shows."""


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is compared with the reference, and how many points it is worth. A check with a note has no points, and only
    says the note."""

    name: str
    title: str
    fields: tuple[str, ...]
    clues: tuple[str, ...] = ()
    """Fields that decide nothing, but tell apart misconceptions whose compared fields are the same."""
    cases: tuple[str, ...] = ()
    after: str = ""
    """An earlier check of the item. Its right answer is needed for this one ("no for loop"): while it fails, this check
    earns nothing."""
    points: float = 0.0
    visibility: Visibility = "visible"
    note: str = ""
    reproduced: bool = False
    """Judged by running the notebook's training on data of the grader's own. That takes time, and happens only on
    request."""

    @property
    def is_note(self) -> bool:
        """Whether it is only a remark, whatever the item is worth."""
        return bool(self.note)


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One graded item of the assignment."""

    name: str
    number: str
    title: str
    points: float
    needs: tuple[str, ...] = ()
    """Names of the notebook without which the item cannot be probed; the first is the one that the student writes."""
    probes: str = ""
    """The module with the item's probes."""
    reader: str = ""
    """One of the assignment's readers, in place of probes, where only the notebook's text is judged."""
    todo: str = ""
    """What to write, for a student who has not begun."""
    fields: dict[str, str] = {}
    """Fields of the item, in addition to the rubric's."""
    cases: dict[str, Case] = {}
    checks: tuple[Check, ...]
    shown: tuple[str, ...] = ()
    """Checks whose mistakes can be seen in the item's cell for a student's own notebook."""

    @property
    def not_started(self) -> str:
        """The slug of the mistake of leaving the item as in the template."""
        return f"{self.name.replace('_', '-')}-not-started"

    @property
    def is_reproduced(self) -> bool:
        """Whether some of its checks are judged by training for real."""
        return any(check.reproduced for check in self.checks)


class Rubric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole assignment."""

    title: str
    environment: str = ""
    """The module that says what guests find installed; it is the assignment's, once the rubric is loaded."""
    tolerance: float
    """How far arrays may be from the reference's, relative to the reference's greatest absolute value."""
    fields: dict[str, str]
    """Maps a field of a reply to its name in a sentence; includes the items' own fields once the rubric is loaded."""
    clues: dict[str, str] = {}
    """Maps a field to a sentence with what came, {got}, and what was expected, {expected}, for checks that have it as a
    clue."""
    modes: tuple[str, ...] = ()
    """Fields with one half for training mode and, after it, one for evaluation mode."""
    signs: tuple[Sign, ...] = ()
    """Words in a component's text that are worth a look where its replies do not show why it is wrong."""
    items: tuple[Item, ...]

    def item(self, name: str) -> Item:
        """The item of that name. Raises KeyError."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    def only(self, names: Collection[str]) -> "Rubric":
        """The rubric with these items only, in its own order."""
        return msgspec.structs.replace(self, items=tuple(item for item in self.items if item.name in names))

    def reproducing(self, names: Collection[str]) -> "Rubric":
        """The rubric where only these items are trained for real."""
        items = (item if item.name in names else _without_reproduction(item) for item in self.items)
        return msgspec.structs.replace(self, items=tuple(items))

    def public(self) -> "Rubric":
        """The part for which students have everything: checks with public cases, and of their cases the public ones."""
        return msgspec.structs.replace(self, items=tuple(map(_public, self.items)))

    @property
    def asked(self) -> frozenset[str]:
        """The functions and classes that students write."""
        return frozenset(name for item in self.items for name in item.needs)

    @property
    def points(self) -> float:
        """The most points that a submission can get."""
        return sum(item.points for item in self.items)


def not_reproduced(item: Item, reason: str) -> Item:
    """The item without its reproduced checks: their points go to the other checks in proportion, and they stay as notes
    that say why."""
    others = sum(check.points for check in item.checks if not check.reproduced)
    share = item.points / others if others else 1.0
    checks = (
        msgspec.structs.replace(check, points=0.0, note=reason)
        if check.reproduced
        else msgspec.structs.replace(check, points=round(check.points * share, 9))
        for check in item.checks
    )
    return msgspec.structs.replace(item, checks=tuple(checks))


def _without_reproduction(item: Item) -> Item:
    checks = tuple(check for check in not_reproduced(item, "").checks if not check.reproduced)
    return msgspec.structs.replace(item, checks=checks)


def _public(item: Item) -> Item:
    cases = {name: case for name, case in item.cases.items() if case.bank == "public"}
    checks = (
        msgspec.structs.replace(check, cases=tuple(name for name in check.cases if name in cases))
        for check in item.checks
    )
    kept = tuple(check for check in checks if check.cases or not item.probes)
    return msgspec.structs.replace(item, cases=cases, checks=kept, points=sum(check.points for check in kept))


def decode(path: Path) -> Rubric:
    """A rubric as it is written in the file. Raises RubricError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Rubric)
    except (OSError, msgspec.DecodeError) as error:
        raise RubricError(f"{path}: {error}") from None


def load(assignment: Assignment, reproducing: Collection[str] = ()) -> Rubric:
    """Reads and checks a rubric in which only these items are trained for real. In it, probes, readers and interpreters
    have the names by which they are imported. Raises RubricError."""
    path = assignment.rubric
    rubric = decode(path)
    own = {name: text for item in rubric.items for name, text in item.fields.items()}
    rubric = msgspec.structs.replace(rubric, fields=rubric.fields | own)
    for item in rubric.items:
        if bool(item.probes) == bool(item.reader):
            raise RubricError(f"{path}: {item.name} must have either probes or a reader")
        total = sum(check.points for check in item.checks)
        if abs(total - item.points) > 1e-9:
            raise RubricError(
                f"{path}: the checks of {item.name} sum to {total:g} points, the item has {item.points:g}"
            )
        earlier: set[str] = set()
        for check in item.checks:
            if check.note and check.points:
                raise RubricError(f"{path}: {item.name}.{check.name} has a note, which costs nothing, and points")
            if check.after and check.after not in earlier:
                raise RubricError(
                    f"{path}: {item.name}.{check.name} comes after {check.after!r}, which is not before it"
                )
            earlier.add(check.name)
        if unknown := {*item.shown} - earlier:
            raise RubricError(f"{path}: {item.name} has no check {min(unknown)!r} for its cell to show")
        for check in item.checks:
            for name in check.cases:
                if name not in item.cases:
                    raise RubricError(f"{path}: {item.name}.{check.name} names a case {name!r} that is not there")
            for name in (*check.fields, *check.clues):
                if name not in rubric.fields:
                    raise RubricError(
                        f"{path}: field {name!r} of {item.name}.{check.name} has no description under [fields]"
                    )
    return _resolved(rubric, assignment).reproducing(reproducing)


def _resolved(rubric: Rubric, assignment: Assignment) -> Rubric:
    items = []
    for item in rubric.items:
        names = _Names(assignment, item.name)
        cases = {
            name: msgspec.structs.replace(
                case, probes=names.probes(case.probes), interpreter=names.among("interpreters", case.interpreter)
            )
            for name, case in item.cases.items()
        }
        items.append(
            msgspec.structs.replace(
                item, probes=names.probes(item.probes), reader=names.among("readers", item.reader), cases=cases
            )
        )
    return msgspec.structs.replace(rubric, environment=assignment.guests_find, items=tuple(items))


class _Names(msgspec.Struct):
    """Replaces the short names in one item by full ones."""

    assignment: Assignment
    item: str

    def probes(self, name: str) -> str:
        """The dotted name of a module of probes. Raises RubricError."""
        if not name:
            return ""
        place = self.assignment.folder.joinpath(*self.assignment.probes.split("."), *name.split("."))
        if not place.with_suffix(".py").is_file() and not place.is_dir():
            raise RubricError(
                f"{self.assignment.rubric}: the probes of {self.item} are to be in {place}.py, which is not there"
            )
        return self.assignment.module(f"{self.assignment.probes}.{name}")

    def among(self, kind: Literal["readers", "interpreters"], name: str) -> str:
        """A reader or an interpreter, "module:function". Raises RubricError."""
        known: Mapping[str, str] = getattr(self.assignment, kind)
        if not name:
            return ""
        if name not in known:
            raise RubricError(
                f"{self.assignment.rubric}: {self.item} names {name!r}, and the {kind} of {self.assignment.name} are "
                f"{', '.join(sorted(known)) or 'none'}"
            )
        return self.assignment.module(known[name])
