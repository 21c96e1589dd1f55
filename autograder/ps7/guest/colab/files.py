"""Folders as in a Colab notebook: the folders that a cell outside of the graded functions would have made, Google Drive
and /content appear as soon as something is written into them.

Everything lies in the guest's own folder, which is its working directory.
"""

import builtins
import functools
import io
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import torch

READ = "read"
WRITTEN = "written"
PATHS: tuple[tuple[ModuleType, str, tuple[str, ...]], ...] = (
    (os, "listdir scandir stat", (READ,)),
    (os.path, "exists isfile isdir getsize getmtime", (READ,)),
    (os, "remove unlink rename replace rmdir chmod utime", (WRITTEN, WRITTEN)),
    (shutil, "rmtree", (WRITTEN,)),
    (shutil, "copyfile copymode copystat", (READ, WRITTEN)),
)
"""Functions that take paths, which may lead to files that really lie in the guest's folder; and what is done to the
files of their first arguments."""


def install() -> None:
    """Sets this up for the rest of the process."""
    root = os.getcwd()
    open_, save, load, makedirs, mkdir = builtins.open, torch.save, torch.load, os.makedirs, os.mkdir

    def inside(path: Any) -> str | None:
        """The path in the guest's folder that replaces an absolute path outside of it; None for all other paths."""
        if not isinstance(path, str | os.PathLike) or not isinstance(text := os.fspath(path), str):
            return None
        rest = os.path.splitdrive(text)[1]
        return root + rest if rest.startswith(("/", os.sep)) and not text.startswith((root, "/dev/")) else None

    def to_read(path: Any) -> Any:
        """A file that the guest has written comes before a file that is really there."""
        here = inside(path)
        return here if here is not None and (_is_there(here) or not _is_there(os.fspath(path))) else path

    def to_write(path: Any) -> Any:
        """Nothing outside is overwritten: on a student's own machine that would be possible."""
        path = inside(path) or path
        if isinstance(path, str | os.PathLike) and (folder := os.path.dirname(os.fspath(path))):
            make_folders(folder, exist_ok=True)
        return path

    def open_anywhere(file: Any, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        return open_(to_write(file) if writes else to_read(file), mode, *arguments, **keywords)

    def make_folders(name: Any, mode: int = 0o777, exist_ok: bool = False) -> None:
        here = inside(name)
        if here is None:
            makedirs(name, mode, exist_ok)
        elif not os.path.isdir(name):
            makedirs(here, mode, exist_ok=True)

    def make_folder(path: Any, mode: int = 0o777, **keywords: Any) -> None:
        if inside(path) is None:
            mkdir(path, mode, **keywords)
        else:
            make_folders(path, mode)

    builtins.open = io.open = open_anywhere
    os.makedirs, os.mkdir = make_folders, make_folder
    torch.save = lambda value, f, *arguments, **keywords: save(value, to_write(f), *arguments, **keywords)
    torch.load = lambda f, *arguments, **keywords: load(to_read(f), *arguments, **{**keywords, "map_location": "cpu"})
    places: Mapping[str, Callable[[Any], Any]] = {READ: to_read, WRITTEN: lambda path: inside(path) or path}
    for module, names, uses in PATHS:
        for name in filter(functools.partial(hasattr, module), names.split()):
            setattr(module, name, _placed(getattr(module, name), [places[use] for use in uses]))


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (OSError, ValueError):
        return False
    return True


def _placed(function: Callable[..., Any], places: Sequence[Callable[[Any], Any]]) -> Callable[..., Any]:
    @functools.wraps(function)
    def placed(*arguments: Any, **keywords: Any) -> Any:
        own = [place(argument) for place, argument in zip(places, arguments, strict=False)]
        return function(*own, *arguments[len(own) :], **keywords)

    return placed
