"""The submissions of a class: a folder or an archive, from a platform or made by hand.

Every student who handed something in has a row, and the row says what is odd about the hand-in.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from autograder.staff.intake import archives
from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.gradescope import FOLDER, METADATA, Described, DescriptionError, described
from autograder.staff.intake.handed import Handed
from autograder.staff.intake.naming import OURS, Names, row_name
from autograder.staff.intake.platforms import Found, recognised
from autograder.staff.intake.tree import Node, OnDisk, tree_of

SUBMITTED = "submitted"
"""nbgrader's folder with a folder for each student, which holds a folder for each assignment."""
NBGRADERS = frozenset({"source", "release", "autograded", "feedback", "exchange", SUBMITTED})
"""nbgrader's folders of a course."""
NBGRADERS_FILES = frozenset({"nbgrader_config.py", "gradebook.db"})
"""nbgrader's files of a course."""
STAFFS = (".txt", ".csv", ".tsv", ".md", ".yml", ".yaml", ".toml", ".json", ".xlsx", ".ods", ".log", ".db", ".sh")
"""Files beside the hand-ins in a folder made by hand: lists, notes and scripts."""


class CollectionError(Exception):
    """No submissions can be found; the message says why."""


@contextmanager
def collected(place: Path, assignment: str = "") -> Iterator[list[Handed]]:
    """All submissions, by name, while the context is open. `assignment`: which of nbgrader's assignments is meant.
    Raises CollectionError."""
    with ExitStack() as stack:
        try:
            handed = _at(place, assignment, stack)
        except (Intolerable, OSError) as error:
            raise CollectionError(f"{place} cannot be read: {error}") from None
        except DescriptionError as error:
            raise CollectionError(str(error)) from None
        yield handed


def _at(place: Path, assignment: str, stack: ExitStack) -> list[Handed]:
    if place.is_dir():
        return _from(OnDisk(place), place, assignment, "")
    if not place.exists():
        raise CollectionError(f"there is no file or folder {place}")
    archive = stack.enter_context(archives.unpacked(place)) or place
    if archives.kind_of(archive) is None:
        raise CollectionError(
            f"{place} is neither a folder nor a zip or tar of submissions; use `grade` for one notebook"
        )
    return _from(tree_of(archive), place, assignment, str(archive))


def find_submissions(place: Path, assignment: str = "") -> list[Handed]:
    """All submissions, by name, of a folder or a zip, which need not be unpacked first. Raises CollectionError."""
    with collected(place, assignment) as handed:
        return handed


def _from(root: Node, place: Path, assignment: str, archive: str) -> list[Handed]:
    top = _top(root, place, assignment)
    told: dict[str, Described] = {}
    nodes = []
    for node in top.children():
        if node.name == METADATA and not node.is_folder:
            told = described(node.read())
        else:
            nodes.append(node)
    found, others = recognised(nodes)
    found += _described_without_files(told, others)
    found += _by_hand(others, told, assignment)
    if not found:
        raise CollectionError(
            f"there is no submission in {place}; there should be a folder or a notebook for each student"
        )
    names = Names(OURS)
    return [
        Handed(
            names.new(row_name(each.name)),
            each.pieces,
            archive=archive,
            students=each.students,
            late=each.late,
            submitted=each.submitted,
        )
        for each in sorted(found, key=lambda each: each.name)
    ]


def _top(root: Node, place: Path, assignment: str) -> Node:
    """The folder with the hand-ins: they may lie in a folder that has the export's own name."""
    children = root.children()
    by_name = {node.name: node for node in children if node.is_folder}
    if SUBMITTED in by_name and (assignment or _is_nbgraders(by_name[SUBMITTED], children)):
        return by_name[SUBMITTED]
    if len(children) != 1 or not children[0].is_folder:
        return root
    [only] = children
    below = only.children()
    is_export = METADATA in {node.name for node in below} and all(
        FOLDER.fullmatch(node.name) for node in below if node.name != METADATA
    )
    is_platforms = len(below) > 1 and not recognised(below)[1]
    is_zipped_folder = not isinstance(root, OnDisk) and only.name == _stem(place.name) and len(below) > 1
    if not FOLDER.fullmatch(only.name) and (is_export or is_platforms or is_zipped_folder):
        return only
    return root


def _is_nbgraders(submitted: Node, beside: Sequence[Node]) -> bool:
    """Whether the folder is nbgrader's, and not a student's with that name: it holds a folder for each student, which
    holds a folder for each assignment, and beside it are only files that nbgrader makes."""
    is_course = all(
        node.name in NBGRADERS if node.is_folder else node.name in NBGRADERS_FILES or _is_staffs(node)
        for node in beside
    ) or any(node.name in NBGRADERS_FILES and isinstance(node, OnDisk) for node in beside)
    students = submitted.children()
    assignments = [own for each in students for own in each.children()]
    return is_course and bool(assignments) and all(each.is_folder for each in (*students, *assignments))


def _described_without_files(told: dict[str, Described], nodes: Sequence[Node]) -> list[Found]:
    there = {node.name for node in nodes}
    return [
        Found(name, (), about.students, submitted=about.submitted)
        for name, about in told.items()
        if about.students and name not in there
    ]


def _by_hand(nodes: Sequence[Node], told: dict[str, Described], assignment: str) -> Iterator[Found]:
    """Each folder, or all files of one name, as a hand-in."""
    loose: dict[str, list[Node]] = {}
    for node in nodes:
        about = told.get(node.name, Described())
        if not node.is_folder:
            if not _is_staffs(node):
                loose.setdefault(_stem(node.name), []).append(node)
        elif not assignment:
            yield Found(node.name, tuple(node.pieces(())), about.students, submitted=about.submitted)
        else:
            for own in node.children():
                if own.is_folder and own.name == assignment:
                    yield Found(node.name, tuple(own.pieces(())), about.students)
    for name, files in loose.items():
        yield Found(name, tuple(piece for node in files for piece in node.pieces((node.name,))))


def _stem(name: str) -> str:
    """The name without its suffix."""
    return re.sub(r"(?i)(\.tar)?\.[a-z0-9]+$", "", name) or name


def _is_staffs(node: Node) -> bool:
    """Whether it is the staff's own, in a folder made by hand; in a platform's archive everything was handed in."""
    return isinstance(node, OnDisk) and node.name.lower().endswith(STAFFS)
