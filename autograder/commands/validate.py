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
from autograder.sandbox.remembering import RememberingZygote
from autograder.verdicts import Verdict


class Row(msgspec.Struct, frozen=True):
    """One notebook: what was expected of it and what is off (empty where nothing is)."""

    kind: str
    name: str
    item: str
    score: float
    named: tuple[str, ...]
    off: tuple[str, ...]


def validate_all(rubric: Rubric, corpus: Path | None = None) -> Iterator[Row]:
    """Grades solution, template, misconceptions and the corpus, and yields a row for each."""
    everything = tuple(item.name for item in rubric.items)
    bank = Bank.read(("public", "hidden"))
    folder = corpus or corpora.FOLDER
    with RememberingZygote(rubric.environment) as zygote:

        def row(kind: str, name: str, notebook: Notebook, expected: Expected, item: str = "") -> Row:
            verdicts = [
                verdict for _, each in grade(notebook, rubric, bank, zygote, Clock(Limits())) for verdict in each
            ]
            return Row(
                kind=kind,
                name=name,
                item=item,
                score=round(sum(verdict.score for verdict in verdicts), 6),
                named=tuple(sorted({verdict.misconception for verdict in verdicts if verdict.misconception})),
                off=tuple(off(expected, verdicts, rubric)),
            )

        yield row("solution", "solution", misconceptions.solution(), Expected("", full_marks=everything))
        blank = row("template", "template", misconceptions.template(), Expected("", loses_marks=everything))
        yield msgspec.structs.replace(blank, off=blank.off + (("scores points",) if blank.score else ()))
        for mistake in misconceptions.every(rubric):
            item = mistake.description.item
            others = tuple(name for name in everything if name != item)
            expected = Expected("", full_marks=others, loses_marks=(item,), misconceptions=(mistake.slug,))
            yield row("misconception", mistake.slug, mistake.notebook, expected, item)
        for kind in ("correct", "wrong"):
            for case in corpora.cases(folder / kind):
                yield row(kind, case.name, case.notebook, case.expected, ", ".join(case.expected.loses_marks))


def off(expected: Expected, verdicts: list[Verdict], rubric: Rubric) -> Iterator[str]:
    """What differs from the expectation, as short sentences."""
    for item in rubric.items:
        own = [verdict for verdict in verdicts if verdict.item == item.name]
        score = sum(verdict.score for verdict in own)
        full = abs(score - item.points) < 1e-9
        if item.name in expected.full_marks and not full:
            failed = ", ".join(verdict.check for verdict in own if not verdict.passed)
            yield f"{item.name} has {score:g} of {item.points:g} ({failed})"
        if item.name in expected.loses_marks and full:
            yield f"{item.name} has full marks"
    named = {verdict.misconception for verdict in verdicts if verdict.misconception}
    for slug in expected.misconceptions:
        if slug not in named:
            yield f"{slug} is not named"
    if expected.misconceptions:
        for slug in sorted(named - set(expected.misconceptions)):
            yield f"{slug} is named instead"


def print_table(rows: list[Row], console: Console) -> None:
    """The table, and how many of each kind are as they should be."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "kind", "notebook", "item", "score", "named"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            "[red]✗[/]" if row.off else "[green]✓[/]",
            row.kind,
            row.name,
            row.item,
            f"{row.score:g}",
            ", ".join(row.named),
        )
        for sentence in row.off:
            table.add_row("", "", f"[red]{sentence}[/]")
    console.print(table)
    for kind in dict.fromkeys(row.kind for row in rows):
        own = [row for row in rows if row.kind == kind]
        console.print(f"{kind}: {sum(not row.off for row in own)} of {len(own)} as they should be", highlight=False)
