"""Pairs of submissions whose code is alike, as a page that needs no other file, and as a table for the terminal."""

from rich.table import Table

from autograder.staff.classes import pages
from autograder.staff.classes.likeness import Pair
from autograder.staff.classes.similar import Compared
from autograder.student.output.screen import Screen


def render(compared: Compared, *, title: str) -> str:
    """The page's HTML."""
    return pages.template("similar.html.j2").render(
        likeness=compared.likeness,
        unreadable=compared.unreadable,
        labels=compared.labels,
        title=title,
        submissions=compared.submissions,
    )


def print_pairs(compared: Compared, console: Screen) -> None:
    """The pairs without their code."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("share", "statements in common", "letter for letter", "submissions"):
        table.add_column(heading, justify="left" if heading == "submissions" else "right")
    for pair in compared.likeness.pairs:
        names = f"{compared.labels[pair.left]}  {compared.labels[pair.right]}"
        table.add_row(f"{100 * pair.share:.0f} %", str(len(pair.parts)), str(pair.literal), names)
    console.print(table)


def as_data(pair: Pair) -> dict[str, object]:
    """For scripts: the places of the shared parts, without their code."""
    return {
        "left": pair.left,
        "right": pair.right,
        "share": round(pair.share, 4),
        "literal": pair.literal,
        "parts": [
            {
                "left": {"cell": part.left.cell, "line": part.left.line},
                "right": {"cell": part.right.cell, "line": part.right.line},
            }
            for part in pair.parts
        ],
    }
