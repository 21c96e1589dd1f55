"""Collects the content of the students' kit and of the zip for Gradescope: the zones of the engine and of one
assignment, by folder, and what both need to be installed."""

import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import requires
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement

import autograder
from autograder.guest.ours import GROUP
from autograder.student.assignment import Assignment

ENGINE = Path(autograder.__file__).parent
DISTRIBUTION = "ps7-autograder"
"""The name under which the engine is installed."""


class PackingError(Exception):
    """Something that should be packed is not there; the message says why."""


def zones(assignment: Assignment, names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """The path in the package, and the file, of everything in the zones of these names, of the engine and of the
    assignment."""
    for package, folder in (("autograder", ENGINE), (assignment.package, assignment.folder)):
        base = package.replace(".", "/")
        yield from _files(folder, base, deep=False)
        for zone in names:
            yield from _files(folder / zone, f"{base}/{zone}", deep=True)
        outer = PurePosixPath(base).parents[:-1]
        for place, around in zip(outer, folder.parents, strict=False):
            if place != PurePosixPath("autograder"):  # the engine is packed anyway
                yield from _files(around, str(place), deep=False)


def _files(folder: Path, base: str, *, deep: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*") if deep else folder.glob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{base}/{path.relative_to(folder).as_posix()}", path


def declared(assignment: Assignment) -> dict[str, Any]:
    """The table [project] of the assignment's pyproject.toml. Raises PackingError."""
    try:
        table: dict[str, Any] = tomllib.loads((assignment.project / "pyproject.toml").read_text(encoding="utf-8"))
        project: dict[str, Any] = table["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise PackingError(f"this is made in a checkout of the project, and this is none: {error}") from None
    return project


def requirements(assignment: Assignment, extras: Sequence[str]) -> list[str]:
    """The requirements of the engine, of the assignment, and of these optional dependencies of the assignment. Raises
    PackingError."""
    project = declared(assignment)
    optional = project.get("optional-dependencies", {})
    own = [*project.get("dependencies", ()), *(each for extra in extras for each in optional.get(extra, ()))]
    return [*dict.fromkeys([*engines(), *(each for each in own if Requirement(each).name != DISTRIBUTION)])]


def engines(extra: str = "") -> list[str]:
    """The engine's own requirements, or the requirements of one of its extras."""
    pyproject = ENGINE.parent / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        found: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
        return found
    wanted = []
    for line in requires(DISTRIBUTION) or ():
        each = Requirement(line)
        if each.marker is None if not extra else each.marker is not None and each.marker.evaluate({"extra": extra}):
            each.marker = None
            wanted.append(str(each))
    return wanted


def entry_points(assignment: Assignment) -> dict[str, dict[str, str]]:
    """The entry points that make it an installed assignment and give it a command. Raises PackingError."""
    project = declared(assignment)
    try:
        target: str = project["entry-points"][GROUP][assignment.name]
    except KeyError:
        raise PackingError(
            f'pyproject.toml declares no {assignment.name} under [project.entry-points."{GROUP}"]'
        ) from None
    return {GROUP: {assignment.name: target}, "console_scripts": {assignment.name: f"{target}.main"}}
