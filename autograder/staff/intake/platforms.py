"""How the platforms name what they let staff download, and what each name says.

Canvas: lib/content_zipper.rb of github.com/instructure/canvas-lms (get_filename, add_upload_submission,
add_text_or_url): the sortable name without all that is no letter, LATE, the user's number, the file's, its name.
Moodle: download_submissions in mod/assign/locallib.php of github.com/moodle/moodle: full name, the participant's number
(that of the grading worksheet), the plugin; a folder, or the beginning of a file's name.
Blackboard: "Download Assignments" of Blackboard's help (Assignment_USERNAME_attempt_TIME_file, and a .txt of the same
name for each attempt); as github.com/kwurst/bb-file-cleanup reads it.
Brightspace: "Download submissions" of D2L's help: a folder "NUMBER-NUMBER - Name - Nov 12, 2026 1145 AM", or in older
versions files that begin so, and an index.html.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.handed import Student
from autograder.staff.intake.times import moment
from autograder.staff.intake.tree import Node, Piece

CANVAS = re.compile(
    r"(?P<who>\w*?)(?:_(?P<late>LATE))?_(?P<id>\d+)_(?:\d+_(?P<file>.+)|(?P<entered>(?:text|link)\.html))", re.S
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<who>anon_[A-Za-z0-9]+)_(?:\d+_(?P<file>.+)|(?P<entered>(?:text|link)\.html))", re.S
)
MOODLE = re.compile(r"(?P<who>.+)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?", re.S)
BLACKBOARD = re.compile(r"(?P<who>.+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|(?P<about>\.txt))", re.S)
BRIGHTSPACE = re.compile(
    r"(?P<id>\d+)-\d+ ?- (?P<who>.+?) ?- (?P<when>[^-]*\d{4}[^-]*?\d{3,4}(?: ?[AP]M)?)(?: - (?P<file>.+))?", re.S
)
_TOLD = re.compile(r"^(Name): (.+)$", re.MULTILINE)
_CALLED = re.compile(r"(?P<name>.*) \((?P<login>[^()]+)\)")


class Found(NamedTuple):
    """One hand-in, by a name that a student may have chosen."""

    name: str
    pieces: tuple[Piece, ...]
    students: tuple[Student, ...] = ()
    late: bool | None = None
    submitted: str = ""


class Named(NamedTuple):
    """A file or folder whose name has a platform's form."""

    node: Node
    match: re.Match[str]


def canvas(named: Sequence[Named]) -> Iterator[Found]:
    """For files side by side: groups the files of each user."""
    for own in _together(named, lambda each: each.match.groupdict().get("id") or each.match["who"]):
        match = own[0].match
        who, number = match["who"], match.groupdict().get("id") or ""
        yield Found(
            f"{who}_{number}".strip("_"),
            _pieces(own),
            (Student(name=who, id=number),),
            late=any(each.match["late"] for each in own),
        )


def moodle(named: Sequence[Named]) -> Iterator[Found]:
    """For folders, or files side by side: groups those of each participant."""
    for own in _together(named, lambda each: each.match["id"]):
        who, number = own[0].match["who"], own[0].match["id"]
        yield Found(f"{who}_{number}", _pieces(own), (Student(name=who, id=number),))


def blackboard(named: Sequence[Named]) -> Iterator[Found]:
    """The files of each user's latest attempt; the user's name is in the .txt that belongs to the attempt."""
    users = _together(named, lambda each: each.match["who"])
    prefix = _common(own[0].match["who"] for own in users)
    for own in users:
        when = max(each.match["when"] for each in own)
        latest = [each for each in own if each.match["when"] == when]
        who = own[0].match["who"]
        login = who.removeprefix(prefix) if prefix else who.rpartition("_")[2]
        told = next((_about(each.node) for each in latest if each.match["about"]), {})
        name = told.get("Name", "")
        if found := _CALLED.fullmatch(name.strip()):
            name, login = found["name"], found["login"]
        handed = [each for each in latest if not each.match["about"]] or latest
        yield Found(login, _pieces(handed), (Student(name=name, id=login),), submitted=when)


def brightspace(named: Sequence[Named]) -> Iterator[Found]:
    """The latest of each user's folders, or of the files side by side."""
    for own in _together(named, lambda each: each.match["id"]):
        when = max((each.match["when"] for each in own), key=lambda when: (moment(when) or datetime.min, when))
        latest = [each for each in own if each.match["when"] == when]
        who, number = own[0].match["who"], own[0].match["id"]
        yield Found(f"{who}_{number}", _pieces(latest), (Student(name=who, id=number),), submitted=when)


FORMS: tuple[tuple[tuple[re.Pattern[str], ...], Callable[[Sequence[Named]], Iterator[Found]]], ...] = (
    ((MOODLE,), moodle),
    ((BLACKBOARD,), blackboard),
    ((BRIGHTSPACE,), brightspace),
    ((CANVAS_ANONYMOUS, CANVAS), canvas),
)


def recognised(nodes: Sequence[Node]) -> tuple[list[Found], list[Node]]:
    """The hand-ins, if at least half of the names have the form of one platform; and the entries whose names do not."""
    for patterns, reading in FORMS:
        named = [named for node in nodes if (named := _named(node, patterns)) is not None]
        if named and 2 * len(named) >= len(nodes):
            taken = {id(each.node) for each in named}
            others = [node for node in nodes if id(node) not in taken]
            if reading is brightspace:
                others = [node for node in others if node.name != "index.html"]
            return list(reading(named)), others
    return [], list(nodes)


def _named(node: Node, patterns: Iterable[re.Pattern[str]]) -> Named | None:
    for pattern in patterns:
        if match := pattern.fullmatch(node.name):
            if pattern in {CANVAS, CANVAS_ANONYMOUS, BLACKBOARD} and node.is_folder:
                continue  # these platforms put files side by side
            return Named(node, match)
    return None


def _together(named: Sequence[Named], key: Callable[[Named], str]) -> list[list[Named]]:
    """The groups, in the order of their first entries."""
    groups: dict[str, list[Named]] = {}
    for each in named:
        groups.setdefault(key(each), []).append(each)
    return list(groups.values())


def _common(names: Iterable[str]) -> str:
    """The common beginning of all names, up to an underscore: the assignment's name. A single name does not show it."""
    names = list(names)
    low, high = min(names), max(names)
    length = next((place for place, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), len(low))
    return low[: low.rfind("_", 0, length) + 1] if len(names) > 1 else ""


def _pieces(named: Iterable[Named]) -> tuple[Piece, ...]:
    """A file under the name that the student gave it, or a folder's contents unchanged."""
    return tuple(piece for each in named for piece in each.node.pieces(_target(each)))


def _target(named: Named) -> tuple[str, ...]:
    if named.node.is_folder:
        return ()
    groups = named.match.groupdict()
    return (groups.get("file") or groups.get("entered") or named.node.name,)


def _about(node: Node) -> dict[str, str]:
    """Whether it is Blackboard's own text about an attempt; the student's comments stand at its end."""
    try:
        head = node.read()[:10_000].decode(errors="replace").split("Submission Field:")[0]
    except (OSError, Intolerable):
        return {}
    return {key: value.strip() for key, value in reversed(_TOLD.findall(head))}
