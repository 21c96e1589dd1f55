"""Grades everything whose verdict is known and says what is off."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from autograder import corpus as corpora
from autograder import misconceptions
from autograder.bank import Bank
from autograder.corpus import Expected
from autograder.examination import Clock, Limits
from autograder.grading import grade
from autograder.notebook import Notebook
from autograder.rubric import Rubric
from autograder.sandbox.host import Zygote
from autograder.sandbox.remembering import RememberingZygote
from autograder.verdicts import Verdict


class Known(msgspec.Struct, frozen=True):
    """A notebook whose verdict is known."""

    kind: str
    name: str
    notebook: Notebook
    expected: Expected


class Row(msgspec.Struct, frozen=True):
    """What grading said of it, and what is off (empty where nothing is)."""

    kind: str
    name: str
    loses_marks: tuple[str, ...]
    score: float
    named: tuple[str, ...]
    off: tuple[str, ...]


def everything_known(rubric: Rubric, corpus: Path = corpora.FOLDER) -> Iterator[Known]:
    """Solution, template, misconceptions, and the corpus. Raises CorpusError and MisconceptionError."""
    items = tuple(item.name for item in rubric.items)
    yield Known("solution", "solution", misconceptions.solution(), Expected("", full_marks=items, score=rubric.points))
    yield Known("template", "template", misconceptions.template(), Expected("", loses_marks=items, score=0.0))
    for mistake in misconceptions.every(rubric):
        item = mistake.description.item
        others = tuple(name for name in items if name != item)
        expected = Expected("", full_marks=others, loses_marks=(item,), misconceptions=(mistake.slug,))
        yield Known("misconception", mistake.slug, mistake.notebook, expected)
    for kind in ("correct", "wrong"):
        for case in corpora.cases(corpus / kind):
            yield Known(kind, case.name, case.notebook, case.expected)


def validate(known: Known, rubric: Rubric, bank: Bank, zygote: Zygote) -> Row:
    """Grades one notebook and compares."""
    verdicts = [verdict for _, each in grade(known.notebook, rubric, bank, zygote, Clock(Limits())) for verdict in each]
    return Row(
        kind=known.kind,
        name=known.name,
        loses_marks=known.expected.loses_marks,
        score=round(sum(verdict.score for verdict in verdicts), 6),
        named=tuple(sorted({verdict.misconception for verdict in verdicts if verdict.misconception})),
        off=tuple(off(known.expected, verdicts, rubric)),
    )


def validate_all(rubric: Rubric, corpus: Path = corpora.FOLDER) -> Iterator[Row]:
    """A row for everything known."""
    bank = Bank.read(("public", "hidden"))
    with RememberingZygote(rubric.environment) as zygote:
        for known in everything_known(rubric, corpus):
            yield validate(known, rubric, bank, zygote)


def off(expected: Expected, verdicts: list[Verdict], rubric: Rubric) -> Iterator[str]:
    """What differs from the expectation, as short sentences."""
    for item in rubric.items:
        own = [verdict for verdict in verdicts if verdict.item == item.name]
        score = sum(verdict.score for verdict in own)
        full = abs(score - item.points) < 1e-9
        if item.name in expected.full_marks and not full:
            failed = ", ".join(verdict.check for verdict in own if not verdict.passed)
            yield f"{item.name} has {score:g} of {item.points:g} ({failed})"
        for verdict in own:
            if verdict.needs_review and item.name in expected.full_marks:
                yield f"{item.name}.{verdict.check} is only taken as right: {verdict.needs_review}"
        if item.name in expected.loses_marks and full:
            yield f"{item.name} has full marks"
    total = sum(verdict.score for verdict in verdicts)
    if expected.score is not None and abs(total - expected.score) > 1e-9:
        yield f"{total:g} points, not {expected.score:g}"
    about = {*expected.full_marks, *expected.loses_marks}
    named = {verdict.misconception for verdict in verdicts if verdict.misconception and verdict.item in about}
    for slug in expected.misconceptions:
        if slug not in named:
            yield f"{slug} is not named"
    if expected.misconceptions:
        for slug in sorted(named - set(expected.misconceptions)):
            yield f"{slug} is named instead"


def print_table(rows: list[Row], console: Console) -> None:
    """The table, and how many of each kind are as they should be."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "kind", "notebook", "loses marks on", "score", "named"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            "[red]✗[/]" if row.off else "[green]✓[/]",
            row.kind,
            row.name,
            ", ".join(row.loses_marks),
            f"{row.score:g}",
            ", ".join(row.named),
        )
        for sentence in row.off:
            table.add_row("", "", f"[red]{sentence}[/]")
    console.print(table)
    for kind in dict.fromkeys(row.kind for row in rows):
        own = [row for row in rows if row.kind == kind]
        console.print(f"{kind}: {sum(not row.off for row in own)} of {len(own)} as they should be", highlight=False)
