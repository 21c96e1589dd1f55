"""The assignments that are installed, by their entry points."""

import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import autograder
from autograder.guest.ours import GROUP
from autograder.student.assignment import Assignment, Unavailable


def installed() -> dict[str, EntryPoint]:
    """Name to entry point."""
    return {point.name: point for point in reversed(list(entry_points(group=GROUP)))}


def find(name: str = "") -> Assignment:
    """The assignment of that name. Without a name: the only one; or, of several, the one that lies beside the engine,
    as happens where both were unpacked together. Raises Unavailable."""
    points = installed()
    if not points:
        raise Unavailable("no assignment is installed here")
    beside = [each for each, point in points.items() if _is_beside(point)] or [*points]
    if not name and len(beside) > 1:
        raise Unavailable(f"several assignments are installed here; name one of them: {', '.join(sorted(points))}")
    chosen = points.get(name or beside[0])
    if chosen is None:
        raise Unavailable(f"there is no assignment {name!r}; there are {', '.join(sorted(points))}")
    assignment = chosen.load()
    if not isinstance(assignment, Assignment):
        raise Unavailable(f"{chosen.value} is not an assignment but a {type(assignment).__name__}")
    return assignment


def packages_for(name: str, extra: str) -> list[str]:
    """The names of the packages that an extra of the installed assignment asks for. Pip can find these in an index, but
    not always the assignment's own package, which students have as a file."""
    point = installed().get(name)
    requirements = (point.dist.requires or []) if point is not None and point.dist is not None else []
    asked = [each for each in requirements if re.search(rf"""extra\s*==\s*["']{re.escape(extra)}["']""", each)]
    return [match[0] for each in asked if (match := re.match(r"[A-Za-z0-9._-]+", each))]


def _is_beside(point: EntryPoint) -> bool:
    folder = Path(autograder.__file__).parent.parent
    return point.dist is not None and Path(str(point.dist.locate_file(""))).resolve() == folder.resolve()
