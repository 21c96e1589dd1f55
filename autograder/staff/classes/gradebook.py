"""Fills one column of a grade book that was downloaded from a platform. Every other byte stays as it is.

Canvas: "Export Entire Gradebook": Student, ID, SIS User ID, SIS Login ID, Section, then a column "Name (number)" for
each assignment, and a row "Points Possible". Gradescope: "Download Grades": names, SID, Email, then for each assignment
"Name", "Name - Max Points" and more; of one alone "Total Score" and "Max Points". Moodle: the grading worksheet, as in
mod/assign/gradingtable.php of github.com/moodle/moodle: Identifier, Full name, Grade, Maximum Grade; or the
grade book's export, "Assignment: Name (Real)".
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from autograder.staff.classes.roster import Entry
from autograder.staff.intake.people import TableError, Text, Whose, people_of, plain, read_text

Kind = Literal["canvas", "gradescope", "moodle"]
KINDS: dict[str, Kind] = {"canvas": "canvas", "gradescope": "gradescope", "moodle": "moodle"}


class GradebookError(Exception):
    """The column cannot be filled; the message says what to do."""


class Filled(NamedTuple):
    """A grade book with the points in it."""

    data: bytes
    column: str
    students: int
    """How many rows have points now."""
    strangers: tuple[str, ...]
    """Hand-ins that fit no row."""
    most: float | None
    """The most points according to the grade book, where it says so."""


class Cell(NamedTuple):
    """The place of a cell in the text, with its quotes."""

    start: int
    end: int
    value: str


def filled(path: Path, kind: Kind, entries: Sequence[Entry], titles: Sequence[str], column: str = "") -> Filled:
    """Fills the column. `titles`: the names that the assignment may have there; `column`: the wanted one, where the
    titles do not decide. Raises GradebookError and TableError."""
    told = read_text(path)
    rows = cells_of(told)
    header = [cell.value for cell in rows[0]]
    place = _column(header, kind, titles, column, path)
    whose = Whose(people_of(path))
    changes: dict[tuple[int, int], str] = {}
    strangers = []
    for entry in entries:
        if entry.results is None or entry.state == "the grader failed":
            continue
        found = [person for _, person in whose.of(entry.handed) if person is not None]
        if not found:
            strangers.append(entry.handed.name)
        for person in found:
            row = rows[person.row]
            if len(row) <= place:
                raise GradebookError(f"row {person.row + 1} of {path} is shorter than its header")
            changes[row[place].start, row[place].end] = f"{entry.score:g}"
    text = told.text
    for (start, end), value in sorted(changes.items(), reverse=True):
        quoted = text[start : start + 1] == '"'
        text = text[:start] + (f'"{value}"' if quoted else value) + text[end:]
    return Filled(
        text.encode(told.encoding), header[place], len(changes), tuple(strangers), _most(rows, header, place, kind)
    )


def cells_of(told: Text) -> list[list[Cell]]:
    """The rows of a CSV (RFC 4180), with the place of each cell. Raises TableError."""
    pattern = re.compile(
        rf'("(?:[^"]|"")*"|(?!")[^{re.escape(told.delimiter)}\r\n]*)({re.escape(told.delimiter)}|\r\n|\n|\r|\Z)'
    )
    rows: list[list[Cell]] = [[]]
    at = 0
    while at < len(told.text) or rows[-1]:
        found = pattern.match(told.text, at)
        if found is None:
            raise TableError(f"row {len(rows)} is no CSV: a quote is open, or stands inside of a cell")
        raw = found[1]
        value = raw[1:-1].replace('""', '"') if raw.startswith('"') else raw
        rows[-1].append(Cell(found.start(1), found.end(1), value))
        at = found.end()
        if found[2] != told.delimiter:
            if at >= len(told.text):
                break
            rows.append([])
    return rows


def _column(header: Sequence[str], kind: Kind, titles: Sequence[str], column: str, path: Path) -> int:
    candidates = _candidates(header, kind)
    if column:
        exact = [place for place, name in enumerate(header) if name.strip() == column.strip()]
        within = [place for place in candidates if plain(column) in plain(header[place])]
        candidates = exact or within
    elif len(candidates) > 1:
        wanted = {_bare(title) for title in titles}
        candidates = [
            place for place in candidates if any(_says(_bare(header[place]), title) for title in wanted)
        ] or candidates
    if len(candidates) == 1:
        return candidates[0]
    shown = ", ".join(f'"{header[place]}"' for place in candidates[:8])
    raise GradebookError(
        f"{path}: several columns may be meant ({shown}): name one with --gradebook-column"
        if candidates
        else f'{path} has no column "{column}"'
        if column
        else f"{path} has no column of an assignment, as {kind} has them"
    )


def _candidates(header: Sequence[str], kind: Kind) -> list[int]:
    """The columns with the points of one assignment."""
    names = [name.strip() for name in header]
    match kind:
        case "canvas":
            return [place for place, name in enumerate(names) if re.search(r"\(\d+\)$", name)]
        case "gradescope":
            return [
                place for place, name in enumerate(names) if f"{name} - Max Points" in names or name == "Total Score"
            ]
        case "moodle":
            worksheet = [place for place, name in enumerate(names) if name == "Grade"]
            return worksheet or [place for place, name in enumerate(names) if re.search(r"\(Real\)$", name)]


def _bare(text: str) -> str:
    return plain(re.sub(r"\((\d+|Real)\)$", "", text.strip())).replace(" ", "")


def _says(name: str, title: str) -> bool:
    """Whether the name has the title in it, and the title's number is not a part of a longer number."""
    return bool(title) and re.search(rf"{re.escape(title)}(?!\d)", name) is not None


def _most(rows: Sequence[Sequence[Cell]], header: Sequence[str], place: int, kind: Kind) -> float | None:
    """The most points that the grade book has for this column."""
    said: Iterable[str] = ()
    if kind == "canvas":
        said = (row[place].value for row in rows[1:] if len(row) > place and plain(row[0].value) == "points possible")
    else:
        beside = {"Maximum Grade", "Max Points", f"{header[place].strip()} - Max Points"}
        columns = [number for number, name in enumerate(header) if name.strip() in beside]
        said = (row[number].value for number in columns for row in rows[1:] if len(row) > number and row[number].value)
    try:
        return next((float(each.replace(",", ".")) for each in said), None)
    except ValueError:
        return None
