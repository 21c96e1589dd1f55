"""The students of a course, from the CSV of any platform, and which hand-in belongs to whom."""

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from autograder.staff.intake.handed import Handed, Student
from autograder.staff.intake.times import moment

FIELDS = {
    "name": ("name", "student", "student name", "full name", "fullname", "display name"),
    "first": ("first name", "firstname", "given name", "preferred name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "email": ("email", "e mail", "mail", "email address", "e mail address"),
    "sid": ("sid", "student id", "id number", "student number", "sis user id", "orgdefinedid", "org defined id"),
    "login": ("login", "username", "user name", "login id", "sis login id", "netid", "net id", "user"),
    "id": ("id", "identifier", "user id", "canvas id", "participant"),
}
"""The names of a roster's or a grade book's columns at Canvas, Gradescope, Moodle, Blackboard and Brightspace, in small
letters and without signs."""
DAYS_LATE = ("days late", "late days", "lateness h m s")
FREE_DAYS = ("free days", "free late days", "late days left")
DUE = ("due", "due date", "extended due date", "extension")
LONGEST = 64 * 1024 * 1024


class TableError(Exception):
    """A CSV that cannot be read, or names no students; the message says what is missing."""


class Person(NamedTuple):
    """A row about a student."""

    student: Student
    login: str
    row: int
    """Its index among the rows; the header's is 0."""
    cells: dict[str, str]
    """All of its cells; the keys are the header's cells in small letters and without signs."""


class Text(NamedTuple):
    """The rows of a CSV, as they are written."""

    text: str
    encoding: str
    delimiter: str


def read_text(path: Path) -> Text:
    """Reads a CSV. Raises TableError."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > LONGEST or (b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff"))):
        raise TableError(f"{path} is not a CSV; save it as CSV in a spreadsheet program")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    marked = data.startswith(b"\xef\xbb\xbf")
    for encoding in ("utf-16",) if wide else ("utf-8-sig",) if marked else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = text.split("\n", 1)[0]
        return Text(text, encoding, max(",;\t", key=first.count))
    raise TableError(f"{path} is not a text in UTF-8; save it as CSV in UTF-8")


def people_of(path: Path) -> list[Person]:
    """The students in a CSV with a header: a roster, or a platform's grade book. Raises TableError."""
    told = read_text(path)
    try:
        rows = list(csv.reader(io.StringIO(told.text, newline=""), delimiter=told.delimiter))
    except csv.Error as error:
        raise TableError(f"{path} is not a CSV: {error}") from None
    header = [plain(cell) for cell in rows[0]] if rows else []
    if not any(plain_name in header for names in FIELDS.values() for plain_name in names):
        raise TableError(f"{path} has no column with names or numbers of students, such as name, email, SID or ID")
    found = []
    for place, row in enumerate(rows[1:], start=1):
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        person = _person(cells, place)
        if person.student != Student() and plain(person.student.name) != "points possible":
            found.append(person)
    return found


def _person(cells: dict[str, str], place: int) -> Person:
    told = {field: next((cells[name] for name in names if cells.get(name)), "") for field, names in FIELDS.items()}
    name = told["name"] or " ".join(filter(None, (told["first"], told["last"])))
    number = re.sub(r"(?i)^participant\s+", "", told["id"])  # Moodle's grading worksheet
    return Person(Student(name, told["email"], told["sid"], number), told["login"], place, cells)


def plain(text: str) -> str:
    """The text's letters and digits in small letters, with single spaces."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " ")))


class Whose:
    """Finds the people that a hand-in belongs to. The first of these that fits exactly one person decides: e-mail, the
    university's number, the platform's number or login, the name before the @, the name with its words in any order."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.people = people
        self._known: list[dict[str, set[int]]] = []
        for place, person in enumerate(people):
            for rank, keys in enumerate(_keys(person.student, person.login)):
                if rank == len(self._known):
                    self._known.append({})
                for key in keys:
                    self._known[rank].setdefault(key, set()).add(place)

    def of(self, handed: Handed) -> list[tuple[Student, Person | None]]:
        """Each of the students who hand in together, as the platform knows them and as the course knows them."""
        students = handed.students or (Student(),)
        return [(student, self._find(student, handed.name)) for student in students]

    def _find(self, student: Student, row: str) -> Person | None:
        asked = list(_keys(student, ""))
        if student == Student():  # only the row's name tells anything
            asked = [{row.casefold()}, {_number(row)}, {row.casefold()}, {row.casefold()}, set(orders_of(row))]
        for keys, known in zip(asked, self._known, strict=False):
            found = set().union(*(known.get(key, set()) for key in keys if key))
            if len(found) == 1:
                return self.people[found.pop()]
        return None


def _keys(student: Student, login: str) -> Iterator[set[str]]:
    """The features of a person, the surest first."""
    email = student.email.casefold()
    yield {email} - {""}
    yield {_number(student.sid)} - {""}
    yield {student.id.casefold(), login.casefold()} - {""}
    yield {email.partition("@")[0], login.casefold(), student.id.casefold()} - {""}
    yield set(orders_of(student.name))


def _number(text: str) -> str:
    """A number without the leading zeros, which spreadsheets take away."""
    return text.strip().casefold().lstrip("0")


def orders_of(name: str) -> Iterator[str]:
    """The name as one word, beginning with each of its words in turn: "Lovelace, Ada" is "Ada Lovelace", and Canvas
    writes "lovelaceada"."""
    words = plain(name).split()
    for first in range(len(words)):
        yield "".join(words[first:] + words[:first])


def with_people(handed: Sequence[Handed], people: Sequence[Person]) -> tuple[list[Handed], list[str]]:
    """The hand-ins with what the course knows of their students, and after them a row for each student who has handed
    in nothing. Also the names of hand-ins that fit no student."""
    from autograder.staff.intake.naming import OURS, Names, row_name

    whose = Whose(people)
    names = Names([*OURS, *(each.name for each in handed)])
    seen: set[int] = set()
    known, strangers = [], []
    for each in handed:
        found = whose.of(each)
        seen |= {person.row for _, person in found if person}
        if not any(person for _, person in found):
            strangers.append(each.name)
            known.append(each)
        else:
            known.append(_told_of(each, found))
    missing = [person for person in people if person.row not in seen]
    for person in missing:
        name = person.student.email.partition("@")[0] or person.login or person.student.name or person.student.sid
        known.append(Handed(names.new(row_name(name or "nameless")), students=(person.student,), missing=True))
    return known, strangers


def _told_of(handed: Handed, found: Sequence[tuple[Student, Person | None]]) -> Handed:
    """The hand-in with all that the roster says; of students who hand in together, the most favourable."""
    cells = [person.cells for _, person in found if person is not None]
    late = [number for each in cells if (number := _days(_first(each, DAYS_LATE))) is not None]
    due = max(filter(None, (_first(each, DUE) for each in cells)), key=lambda text: str(moment(text)), default="")
    return msgspec.structs.replace(
        handed,
        students=tuple(_completed(student, person) for student, person in found),
        days_late=min(late, default=None),
        free_days=max(int(_days(_first(each, FREE_DAYS)) or 0) for each in cells),
        due=due,
    )


def _first(cells: dict[str, str], names: Sequence[str]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def _days(text: str) -> float | None:
    """A number of days, or a duration in hours, minutes and seconds as Gradescope writes it."""
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d)", text):
        hours, minutes, seconds = map(int, match.groups())
        return hours / 24 + minutes / 1_440 + seconds / 86_400
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _completed(student: Student, person: Person | None) -> Student:
    if person is None:
        return student
    theirs = person.student
    return Student(
        theirs.name or student.name, theirs.email or student.email, theirs.sid or student.sid, student.id or theirs.id
    )


def names_of(students: Iterable[Student]) -> str:
    """The name as pages show it; in the table it may be written with a comma."""
    return "; ".join(filter(None, (each.name or each.email or each.sid for each in students)))
