"""Finds what on this machine is ours: the engine, and every assignment that is installed.

An assignment is a package with the folders `guest`, `student` and `staff`. It is found by an entry point that names its
object in `student`, for example `toy = "toy.student.assignment:TOY"`, so that nothing of it needs to be imported.
"""

import importlib
import importlib.util
import os
import pkgutil
import sysconfig
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import autograder

GROUP = "autograder.assignments"
"""The name of the entry points' group."""
ZONES = ("guest", "student", "staff")
"""The folders of each package of ours: they say who may see the files in them, besides the staff."""
SHARED = ("site-packages", "dist-packages")
"""Folders in which the packages of others lie as well."""


def package_of(module: str) -> str:
    """The package in whose zones a module lies: "toy" of "toy.guest.probes.adding". For a module outside of all zones,
    its outermost package."""
    parts = module.split(".")
    return ".".join(parts[: next((place for place, part in enumerate(parts) if part in ZONES), 1)])


def import_guests(environment: str) -> None:
    """Imports all modules that the assignment with this environment runs beside a student's code. Afterwards a guest
    needs no file of ours."""
    zone = f"{package_of(environment)}.guest"
    if importlib.util.find_spec(zone) is not None:
        for name in _modules(zone):
            importlib.import_module(name)


def _modules(package: str) -> Iterator[str]:
    for each in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        yield each.name
        if each.ispkg:
            yield from _modules(each.name)


def secret(environment: str) -> set[str]:
    """The files and folders that no guest may read, wherever they lie: each package of ours and what came with it. That
    is its project, where it is used from a checkout, or everything that its distribution has installed."""
    points = entry_points(group=GROUP)
    found: set[Path] = set()
    for package in {"autograder", environment, *(point.module for point in points)}:
        found |= set(_around(package.partition(".")[0]))
    for point in points:
        found |= set(_installed(point))
    return {os.path.realpath(path) for path in found if path.exists()}


def _around(name: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(name) if name != "autograder" else None
    folders = spec.submodule_search_locations if spec is not None else autograder.__path__
    for folder in map(Path, folders or ()):
        yield folder
        if folder.parent.name not in SHARED and str(folder.parent) not in sysconfig.get_paths().values():
            yield folder.parent
            if (folder.parent.parent / "pyproject.toml").exists():  # its sources lie in a folder of their own
                yield folder.parent.parent


def _installed(point: EntryPoint) -> Iterator[Path]:
    """The files that a distribution has put among the packages of others. For one that is edited in place these are a
    name and a path: its files lie elsewhere."""
    top = {file.parts[0] for file in (point.dist.files if point.dist is not None else None) or ()}
    if point.dist is not None and point.module.partition(".")[0] in top:
        yield from (Path(str(point.dist.locate_file(name))) for name in top if name != "..")
