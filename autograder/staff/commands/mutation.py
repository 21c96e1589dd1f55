"""Grades systematic mutants of the solved notebook, and counts those that grading does not see."""

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from autograder.staff.authoring import frames
from autograder.staff.authoring.mutants import Mutant, first_order, pairs
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import Bank
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import Rubric
from autograder.student.output.screen import Screen
from autograder.student.program import Submission
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start

NORMAL = 1.959964
"""The 97.5th percentile of the normal distribution."""


class Seen(msgspec.Struct, frozen=True):
    """The verdict on one mutant."""

    item: str
    operators: tuple[str, ...]
    change: str
    caught: bool
    elsewhere: tuple[str, ...]
    """Other items that lose marks."""
    named: tuple[str, ...]
    """The misconceptions that are recognised."""
    equivalent: str = ""
    """Why it is not a mistake, from the list of mutants that compute the same."""

    @property
    def is_missed(self) -> bool:
        """Whether it is a mistake with full marks."""
        return not self.caught and not self.equivalent


def grade_mutants(
    assignment: Assignment, rubric: Rubric, count: int, frame: Path | None = None, seed: int = 0
) -> Iterator[Seen]:
    """All first-order mutants in a frame (by default the students' own), then `count` pairs. Raises FrameError,
    BankError and SandboxError."""
    frame = frame or assignment.template
    held = frames.held(assignment, rubric, frame)
    items = [item for item in rubric.items if item.probes and item.name in held]
    bank = assignment.bank()
    single = (mutant for item in items for mutant in first_order(assignment, item, frame))
    double = pairs(assignment, items, frame, count, seed)
    with Remembering(start(rubric.environment)) as sandbox:
        for mutants in (single, double):
            yield from look_at(mutants, assignment, rubric, frame, bank, sandbox)


def look_at(
    mutants: Iterable[Mutant], assignment: Assignment, rubric: Rubric, frame: Path, bank: Bank, sandbox: Sandbox
) -> Iterator[Seen]:
    """Grades mutants that were made in that frame. Raises FrameError and SandboxError."""
    known, held = equivalents(assignment), frames.held(assignment, rubric, frame)
    for mutant in mutants:
        graded = grade(Submission.of(mutant.notebook), rubric, bank, sandbox, Clock(Limits()))
        verdicts = [verdict for _, each in graded for verdict in each]
        reasons = [known.get((mutant.item, part), "") for part in mutant.parts]
        losing = {verdict.item for verdict in verdicts if not verdict.passed and verdict.item in held}
        yield Seen(
            item=mutant.item,
            operators=mutant.operators,
            change=mutant.change,
            caught=mutant.item in losing,
            elsewhere=tuple(sorted(losing - {mutant.item})),
            named=tuple(sorted({each.misconception for each in verdicts if each.misconception})),
            equivalent=" ".join(reasons) if all(reasons) else "",
        )


def equivalents(assignment: Assignment) -> dict[tuple[str, str], str]:
    """Maps item and change of the mutants that compute the same to the reason."""
    path = assignment.reference / "equivalent_mutants.toml"
    listed = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {(item, change): reason for item, changes in listed.items() for change, reason in changes.items()}


def interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a proportion, after Wilson (1927)."""
    if not count:
        return 0.0, 1.0
    share, square = successes / count, NORMAL**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = NORMAL / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def print_mutants(seen: list[Seen], console: Screen) -> None:
    """The mutants that are missed or cost marks elsewhere, and for each item and operator how many are caught."""
    for each in seen:
        if each.is_missed or each.elsewhere:
            wrong = "has full marks" if each.is_missed else f"costs marks on {', '.join(each.elsewhere)}"
            console.print(Text.assemble(("✗", "red"), f" {each.item}: {wrong}:"), soft_wrap=True)
            console.print(Text(f"    {each.change}"), soft_wrap=True)
    single = [each for each in seen if len(each.operators) == 1]
    table = Table(box=None, pad_edge=False)
    for heading in ("", "mutants", "equivalent", "caught", "missed", "elsewhere", "caught, 95 % interval"):
        table.add_column(heading)
    _rows(table, single, lambda each: each.item)
    table.add_section()
    _rows(table, single, lambda each: each.operators[0])
    table.add_section()
    _rows(table, single, lambda each: "all with one change")
    _rows(table, [each for each in seen if len(each.operators) > 1], lambda each: "pairs of changes")
    console.print(table)


def _rows(table: Table, seen: Iterable[Seen], group: Callable[[Seen], str]) -> None:
    groups: dict[str, list[Seen]] = {}
    for each in seen:
        groups.setdefault(group(each), []).append(each)
    for name, own in groups.items():
        real = [each for each in own if not each.equivalent]
        caught = sum(each.caught for each in real)
        low, high = interval(caught, len(real))
        numbers = (
            len(own),
            len(own) - len(real),
            caught,
            len(real) - caught,
            sum(bool(each.elsewhere) for each in own),
        )
        table.add_row(name, *map(str, numbers), f"{100 * low:.1f} to {100 * high:.1f} %")
