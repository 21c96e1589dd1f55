"""Grades everything whose verdict is known, and reports what is wrong."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zlib import crc32

import msgspec
from rich.table import Table
from rich.text import Text

from autograder.staff.authoring import corpus as corpora
from autograder.staff.authoring import frames, misconceptions, variants
from autograder.staff.authoring.corpus import Expected
from autograder.staff.authoring.distinctions import Distinction
from autograder.staff.authoring.reframing import reframed
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import Bank, slug_of
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.messages import WRONG, says_numbers_alone
from autograder.student.grading.rubric import Rubric
from autograder.student.grading.verdicts import Verdict
from autograder.student.output.screen import Screen
from autograder.student.program import Submission
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start
from autograder.student.submission.notebook import Notebook

DIFFER = " differ on "
SAMPLED = 10
"""One case in ten of the corpus is also put into the frames. It is drawn by its name, so that a new case moves no
other."""


Make = Callable[[], Notebook]


@dataclass(frozen=True)
class Known:
    """A submission whose verdict is known, in each of the frames that it is put into."""

    kind: str
    name: str
    frames: Mapping[str, Make]
    """Maps the name of a frame to a function that makes the notebook; a submission that brings its own frame has only
    that one, under ""."""
    expected: Expected
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    """Maps the name of a frame to the items that it asks for; all items where it is not named. Nothing is expected of
    other items."""

    def in_frame(self, name: str) -> "Known":
        """In one of its frames."""
        return replace(self, frames={name: self.frames[name]})

    def about(self, items: Collection[str]) -> "Known":
        """The expectation for these items only; it says nothing about names and words where some items that lose marks
        are not among them."""
        expected = msgspec.structs.replace(_of(self.expected, frozenset(items)), score=None)
        if not {*self.expected.loses_marks} <= {*items}:
            expected = msgspec.structs.replace(expected, misconceptions=(), says=())
        return replace(self, expected=expected)


class Row(msgspec.Struct, frozen=True):
    """The verdict on it, and what is wrong with the verdict (empty where nothing is)."""

    kind: str
    name: str
    frames: tuple[str, ...]
    loses_marks: tuple[str, ...]
    score: float
    named: tuple[str, ...]
    off: tuple[str, ...]


def everything_known(assignment: Assignment, rubric: Rubric, corpus: Path | None = None) -> Iterator[Known]:
    """Solution, template and misconceptions in every frame, the corpus as it is, and a sample of the corpus in the
    frames that it was not written in.

    Raises CorpusError and MisconceptionError.
    """
    items = tuple(item.name for item in rubric.items)
    folders = {frame.name: frame for frame in assignment.every_frame}
    held = {name: frames.held(assignment, rubric, frame) for name, frame in folders.items()}

    def generated(version: frames.Version) -> dict[str, Make]:
        return {name: partial(frames.submission, assignment, version, frame) for name, frame in folders.items()}

    yield Known("solution", "solution", generated("solution"), Expected("", full_marks=items), held)
    yield Known("template", "template", generated("template"), Expected("", loses_marks=items, score=0.0), held)
    forms: dict[str, dict[str, Make]] = {}
    item_of: dict[str, str] = {}
    for name, frame in folders.items():
        for mistake in misconceptions.every(assignment, rubric, frame):
            forms.setdefault(mistake.slug, {})[name] = mistake.make
            item_of[mistake.slug] = mistake.description.item
    for slug, in_frames in forms.items():
        others = tuple(name for name in items if name != item_of[slug])
        expected = Expected("", full_marks=others, loses_marks=(item_of[slug],), misconceptions=(slug_of(slug),))
        yield Known("misconception", slug, in_frames, expected, held)
    for kind in ("correct", "wrong"):
        for case in corpora.cases((corpus or assignment.corpus) / kind, assignment, rubric):
            yield Known(kind, case.name, {"": case.make}, case.expected)
            if crc32(case.name.encode()) % SAMPLED == 0 and not case.expected.unread_before:
                elsewhere = {
                    name: partial(_reframed, case, assignment, rubric, frame)
                    for name, frame in folders.items()
                    if name != case.frame
                }
                yield Known(f"{kind}, reframed", case.name, elsewhere, _without_its_frame(case.expected), held)


def _reframed(case: corpora.Case, assignment: Assignment, rubric: Rubric, frame: Path) -> Notebook:
    return reframed(case.notebook, assignment, rubric, frame)


def _without_its_frame(expected: Expected) -> Expected:
    """The part of an expectation that still holds when report, outputs and method cells are a frame's own."""
    slugs = tuple(slug for slug in expected.misconceptions if not slug.startswith(("report", "methods")))
    return msgspec.structs.replace(expected, misconceptions=slugs, score=None)


def validate(known: Known, rubric: Rubric, bank: Bank, sandbox: Sandbox) -> Row:
    """Grades a submission in all its frames, and compares the verdicts with the expectation and with each other."""
    verdicts = {
        frame: [
            verdict
            for _, each in grade(Submission.of(make()), rubric, bank, sandbox, Clock(Limits()))
            for verdict in each
        ]
        for frame, make in known.frames.items()
    }
    first, *others = verdicts
    everywhere = frozenset(item.name for item in rubric.items)
    wrong = [
        f"{frame}: {sentence}" if others else sentence
        for frame, own in verdicts.items()
        for sentence in off(_of(known.expected, known.held.get(frame)), own, rubric)
    ]
    for frame in others:
        both = known.held.get(first, everywhere) & known.held.get(frame, everywhere)
        differing = sorted(_essence(verdicts[first], both) ^ _essence(verdicts[frame], both), key=str)
        wrong += [f"{first} and {frame}{DIFFER}{item}.{check}" for item, check, _, _ in differing]
    return Row(
        kind=known.kind,
        name=known.name,
        frames=tuple(known.frames),
        loses_marks=known.expected.loses_marks,
        score=round(sum(verdict.score for verdict in verdicts[first]), 6),
        named=tuple(sorted({verdict.misconception for verdict in verdicts[first] if verdict.misconception})),
        off=tuple(dict.fromkeys(wrong)),
    )


def _of(expected: Expected, held: frozenset[str] | None) -> Expected:
    """What is expected of those items alone."""
    if held is None:
        return expected
    return msgspec.structs.replace(
        expected,
        full_marks=tuple(item for item in expected.full_marks if item in held),
        loses_marks=tuple(item for item in expected.loses_marks if item in held),
    )


def _essence(verdicts: list[Verdict], items: frozenset[str]) -> set[tuple[str, str, float, str | None]]:
    return {(each.item, each.check, each.score, each.misconception) for each in verdicts if each.item in items}


def validate_all(assignment: Assignment, rubric: Rubric, corpus: Path | None = None) -> Iterator[Row]:
    """A row for everything known."""
    bank = assignment.bank()
    with Remembering(start(rubric.environment)) as sandbox:
        for known in everything_known(assignment, rubric, corpus):
            yield validate(known, rubric, bank, sandbox)


def validate_variants(assignment: Assignment, rubric: Rubric, count: int) -> Iterator[Row]:
    """A row for each of that many right solutions composed at random. Raises FrameError, BankError and SandboxError."""
    bank = assignment.bank()
    with Remembering(start(rubric.environment)) as sandbox:
        for seed in range(count):
            yield validate(variant(assignment, rubric, seed), rubric, bank, sandbox)


def variant(assignment: Assignment, rubric: Rubric, seed: int) -> Known:
    """A right solution composed at random."""
    expected = Expected("", full_marks=tuple(item.name for item in rubric.items), score=rubric.points)
    return Known("variant", f"{seed}", {"": partial(variants.composed, assignment, rubric, seed)}, expected)


def off(expected: Expected, verdicts: list[Verdict], rubric: Rubric) -> Iterator[str]:
    """The differences from the expectation, as short sentences."""
    for item in rubric.items:
        own = [verdict for verdict in verdicts if verdict.item == item.name]
        score = sum(verdict.score for verdict in own)
        full = abs(score - item.points) < 1e-9
        if item.name in expected.full_marks and not full:
            failed = ", ".join(verdict.check for verdict in own if not verdict.passed)
            yield f"{item.name} has {score:g} of {item.points:g} ({failed})"
        for verdict in own:
            if verdict.needs_review and item.name in expected.full_marks:
                yield f"{item.name}.{verdict.check} is left to a person: {verdict.needs_review}"
        if item.name in expected.unread_before and not any(verdict.needs_review for verdict in own):
            yield f"{item.name} is not left to a person, although this Python cannot read it"
        if item.name in expected.loses_marks and full:
            yield f"{item.name} has full marks"
        if item.name in expected.loses_marks and (sentence := _unlocated(own)):
            yield f"{item.name}: nothing is said but numbers ({sentence})"
    total = sum(verdict.score for verdict in verdicts)
    if expected.score is not None and abs(total - expected.score) > 1e-9:
        yield f"{total:g} points, not {expected.score:g}"
    about = {*expected.full_marks, *expected.loses_marks}
    named = {verdict.misconception for verdict in verdicts if verdict.misconception and verdict.item in about}
    for slug in expected.misconceptions:
        if slug not in named:
            yield f"{slug} is not named"
    feedback = "\n".join(verdict.message for verdict in verdicts)
    yield from (f"does not say {text!r}" for text in expected.says if text not in feedback)
    yield from (f"says {text!r}" for text in expected.never_says if text in feedback)
    if expected.misconceptions:
        for slug in sorted(named - set(expected.misconceptions)):
            yield f"{slug} is named instead"


def _unlocated(verdicts: list[Verdict]) -> str:
    """The first sentence, where no sentence tells the student where to look; else ""."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if any(verdict.misconception for verdict in failed):
        return ""
    wrong = [verdict.message for verdict in failed if verdict.message.startswith(WRONG)]
    return wrong[0] if wrong and all(map(says_numbers_alone, wrong)) else ""


def print_names(names: list[Distinction], console: Screen) -> None:
    """What each misconception changes, and which others cannot be told from it."""
    table = Table(box=None, pad_edge=False)
    for heading in ("item", "misconception", "changes", "cannot be told from"):
        table.add_column(heading, overflow="fold")
    for name in names:
        table.add_row(name.item, name.slug, ", ".join(name.fields), Text(", ".join(name.alike), style="red"))
    console.print(table)


def print_table(rows: list[Row], console: Screen, *, all_rows: bool = True) -> None:
    """The table, of everything or of what is wrong, and how many of each kind are right."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "kind", "notebook", "frames", "loses marks on", "score", "named"):
        table.add_column(heading, overflow="fold")
    for row in rows if all_rows else [row for row in rows if row.off]:
        table.add_row(
            Text("✗", style="red") if row.off else Text("✓", style="green"),
            row.kind,
            row.name,
            ", ".join(row.frames) or "its own",
            ", ".join(row.loses_marks),
            f"{row.score:g}",
            ", ".join(row.named),
        )
        for sentence in row.off:
            table.add_row("", "", Text(sentence, style="red"))
    console.print(table)
    for kind in dict.fromkeys(row.kind for row in rows):
        own = [row for row in rows if row.kind == kind]
        console.print(
            Text(f"{kind}: {sum(not row.off for row in own)} of {len(own)} as they should be"), soft_wrap=True
        )
    several = [row for row in rows if len(row.frames) > 1]
    if not several:
        return
    same = sum(not any(DIFFER in sentence for sentence in row.off) for row in several)
    frames = ", ".join(dict.fromkeys(frame for row in several for frame in row.frames))
    console.print(Text(f"the same verdict in every frame ({frames}): {same} of {len(several)}"), soft_wrap=True)
