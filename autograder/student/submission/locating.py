"""Finds the one notebook in what was handed in, and reads its bytes. Links and special files are refused."""

import hashlib
import os
import re
import stat
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from autograder.student.submission.files import shown_name

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 6
MAX_ENTRIES = 10_000
WEIGHTS = (".safetensors", ".pth", ".pt")
MOST_WEIGHTS = 6
MOST_NOTEBOOKS = 8
"""How many notebooks are compared."""
MADE_BY = "autograder_copy"
"""In the metadata of a copy that `run` or `check --cells` makes: which command made it."""
MAKES = {"run": "`run`", "cells": "`check --cells`"}
# in a cell's text a backslash stands before each quote
_MADE = re.compile(rb'"' + MADE_BY.encode() + rb'"\s*:\s*"(run|cells)"')
# Windows does not have these flags.
_READING = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))


class UnreadableSubmission(Exception):
    """The submission holds no notebook that can be read; `str(e)` tells the student what to do."""


class Found(NamedTuple):
    """The one notebook of a submission."""

    path: Path
    notes: tuple[str, ...] = ()
    """Sentences for the student about the other files."""


def find_notebook(submission: Path) -> Path:
    """The path of the notebook that `find` finds."""
    return find(submission).path


def find(submission: Path) -> Found:
    """The one notebook of a submission, which is a file or a folder that holds one. Copies of it count as one.

    Links and special files are refused. Raises UnreadableSubmission where there is none, or where there are several.
    """
    try:
        mode = os.lstat(submission).st_mode
        if stat.S_ISREG(mode):
            return Found(submission)
        if not os.path.isdir(submission):
            raise UnreadableSubmission(_irregular(submission))
        found, others, is_deep = _search(submission)
    except FileNotFoundError:
        raise UnreadableSubmission(f"There is no file or folder at {shown_name(submission)}.") from None
    except (OSError, ValueError) as error:
        raise UnreadableSubmission(f"{shown_name(submission)} cannot be opened ({_reason(error)}).") from error
    if len(found) == 1:
        return Found(found[0])
    if found:
        return _the_one_of(found, submission)
    if irregular := [path for path in others if path.suffix.lower() == ".ipynb"]:
        raise UnreadableSubmission(_irregular(irregular[0]))
    seen = f" It holds: {_listed(submission, others)}." if others else "" if is_deep else " It is empty."
    if is_deep:
        seen += f" Folders more than {MAX_DEPTH} deep were not opened."
    raise UnreadableSubmission(
        f"The submission holds no notebook (a file that ends in .ipynb).{seen} "
        "In Colab, use File > Download > Download .ipynb."
    )


def _the_one_of(found: list[Path], submission: Path) -> Found:
    """The one among several: copies of the same bytes are one notebook, and a copy that the tool made does not count
    beside its original."""
    if len(found) <= MOST_NOTEBOOKS:
        contents: dict[bytes, Path] = {}
        made: dict[Path, str] = {}
        for path in sorted(found, key=lambda path: (len(path.name), path)):
            data = read_bytes(path)
            # an empty file is not a copy
            first = contents.setdefault(hashlib.sha256(data or bytes(path)).digest(), path)
            if first is path and (how := copied_by(path, data, found)):
                made[path] = how
        different = list(contents.values())
        for those in ([path for path in different if path not in made], [p for p in made if made[p] == "run"]):
            if len(those) == 1:
                copies = [path for path in different if path != those[0]]
                told = f"{shown_name(those[0].relative_to(submission))} was read, and not {_listed(submission, copies)}"
                return Found(those[0], (f"{told}, which this tool has made of a notebook.",) if copies else ())
            if those:
                found = those
                break
    raise UnreadableSubmission(
        f"The submission holds {len(found)} notebooks: {_listed(submission, found)}. Hand in exactly one."
    )


def copied_by(path: Path, data: bytes, beside: Collection[Path] = ()) -> str:
    """The command that made this copy of a notebook, "" where it is not a copy. The copy's metadata say so. A copy of
    an older version is known only by its name, beside the original's name."""
    if found := _MADE.search(data):
        return found[1].decode()
    stem, _, how = path.stem.rpartition(".")
    return how if how in {"run", "cells"} and path.with_name(f"{stem}{path.suffix}") in beside else ""


def find_weights(submission: Path) -> tuple[Path, ...]:
    """The files with trained weights that were handed in beside the notebook, where that is in a folder. Links, special
    files, and files longer than a notebook may be are ignored. Raises OSError and UnreadableSubmission."""
    if not os.path.isdir(submission):
        return ()
    files = [path for path in _search(submission)[1] if path.suffix.lower() in WEIGHTS]
    known = [(path, os.lstat(path)) for path in files]
    return tuple(path for path, seen in known if stat.S_ISREG(seen.st_mode) and seen.st_size <= MAX_BYTES)[
        :MOST_WEIGHTS
    ]


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file that is no longer than a notebook may be. Raises UnreadableSubmission."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise UnreadableSubmission(_irregular(path))
        descriptor = os.open(path, _READING)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnreadableSubmission(_irregular(path))
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UnreadableSubmission(f"There is no file at {shown_name(path)}.") from None
    except (OSError, ValueError) as error:
        raise UnreadableSubmission(f"{shown_name(path)} cannot be read ({_reason(error)}).") from error


def _search(folder: Path) -> tuple[list[Path], list[Path], bool]:
    """The regular .ipynb files below the folder, every other file, and whether there are folders too deep to open.
    Hidden folders and the Mac's resource folders are ignored."""
    found: list[Path] = []
    others: list[Path] = []
    pending = [(folder, 0)]
    entries, is_deep = 0, False
    while pending:
        place, depth = pending.pop()
        with os.scandir(place) as listing:
            for entry in listing:
                entries += 1
                if entries > MAX_ENTRIES:
                    raise UnreadableSubmission(
                        f"The submission holds more than {MAX_ENTRIES:,} files. Hand in the notebook alone."
                    )
                if entry.name.startswith(".") or entry.name == "__MACOSX":
                    continue
                notebook = entry.name.lower().endswith(".ipynb")
                if entry.is_dir(follow_symlinks=False) and not notebook:
                    if depth < MAX_DEPTH:
                        pending.append((Path(entry.path), depth + 1))
                    else:
                        is_deep = True
                elif notebook and entry.is_file(follow_symlinks=False):
                    found.append(Path(entry.path))
                else:
                    others.append(Path(entry.path))
    return sorted(found), sorted(others), is_deep


def _irregular(path: Path) -> str:
    return (
        f"{shown_name(path.name)} is a link, a folder or a special file, not an ordinary file. "
        "Hand in the notebook file itself."
    )


def _listed(folder: Path, paths: list[Path]) -> str:
    shown = ", ".join(shown_name(path.relative_to(folder)) for path in paths[:5])
    return shown + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
