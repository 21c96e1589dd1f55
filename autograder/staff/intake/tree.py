"""The files in a folder or in an archive as one tree: nothing is read yet, and no link is followed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from autograder.staff.intake import archives
from autograder.staff.intake.archives import Member
from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.naming import parts_of, row_part
from autograder.student.submission.files import shown_name

DEEPEST = 32
"""How many folders may lie in one another; deeper files are put into the last one."""
MOST_DESCRIPTION = 256 * 1024 * 1024
"""The most bytes of a platform's own file about the class, which holds all results."""
JUNK = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
"""Files that systems leave behind, in addition to those that begin with a dot."""


class Piece(msgspec.Struct, frozen=True):
    """A file of a hand-in, or a folder on the disk with everything in it."""

    target: tuple[str, ...]
    """Its path in the hand-in's own folder, as it is written."""
    path: str = ""
    """Its path on the disk; "" for a file in an archive."""
    member: Member | None = None
    oddity: str = ""
    """Why it is left out; "" where it is kept."""


class Node(Protocol):
    """A file, a folder, or something else."""

    @property
    def name(self) -> str: ...

    @property
    def is_folder(self) -> bool: ...

    def children(self) -> list["Node"]:
        """The entries of a folder, by name, without junk. Raises OSError."""

    def pieces(self, target: tuple[str, ...]) -> Iterator[Piece]:
        """All files below, as they should lie in a hand-in's folder."""

    def read(self) -> bytes:
        """The content of a file that the platform wrote. Raises Intolerable and OSError."""


def is_junk(name: str) -> bool:
    """Whether a system left the file, and no student handed it in."""
    return name.startswith(".") or name in JUNK


class OnDisk:
    """A path on the disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self._mode = os.lstat(path).st_mode

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; a link to one is not."""
        return stat.S_ISDIR(self._mode)

    def children(self) -> list[Node]:
        """The entries of a folder, by name, without junk. Raises OSError."""
        return [OnDisk(self.path / name) for name in sorted(os.listdir(self.path)) if not is_junk(name)]

    def pieces(self, target: tuple[str, ...]) -> Iterator[Piece]:
        """Yields one part; a folder is read when its turn comes."""
        ordinary = self.is_folder or stat.S_ISREG(self._mode)
        yield Piece(target, str(self.path), oddity="" if ordinary else _irregular(self.name))

    def read(self) -> bytes:
        """The content. Raises Intolerable and OSError."""
        if not stat.S_ISREG(self._mode):
            raise Intolerable(_irregular(self.name))
        with self.path.open("rb") as file:
            return _whole(file.read(MOST_DESCRIPTION + 1), self.name)


class Archived:
    """A part of an archive: a folder, a file, or both where two members have the same name."""

    def __init__(self, name: str, archive: Path) -> None:
        self.name, self._archive = name, archive
        self._below: dict[str, Archived] = {}
        self._own: list[Piece] = []

    @property
    def is_folder(self) -> bool:
        """Whether anything lies in it."""
        return bool(self._below)

    def children(self) -> list[Node]:
        """The entries of a folder, by name, without junk."""
        return [node for name, node in sorted(self._below.items()) if not is_junk(name)]

    def pieces(self, target: tuple[str, ...]) -> Iterator[Piece]:
        """Every member of it."""
        for piece in self._own:
            yield msgspec.structs.replace(piece, target=target or (self.name,))
        for name, node in sorted(self._below.items()):
            yield from node.pieces((*target, name))

    def read(self) -> bytes:
        """The content. Raises Intolerable and OSError."""
        member = next((piece.member for piece in self._own if piece.member and not piece.oddity), None)
        if member is None:
            raise Intolerable(_irregular(self.name))
        with archives.contents(self._archive) as archive, archive.opened(member) as file, archives.translated():
            return _whole(file.read(MOST_DESCRIPTION + 1), self.name)

    def add(self, parts: tuple[str, ...], member: Member, oddity: str) -> None:
        """A member below it."""
        if not parts:
            self._own.append(Piece((), member=member, oddity=oddity))
            return
        below = self._below.setdefault(parts[0], Archived(parts[0], self._archive))
        below.add(parts[1:], member, oddity)


def tree_of(path: Path) -> Archived:
    """The tree of an archive. A member whose name leads out of the archive is kept below the first part of its name,
    and left out later. Raises Intolerable and OSError."""
    root = Archived(path.name, path)
    with archives.opened(path) as archive:
        for member in archive.members():
            parts = parts_of(member.name)
            oddity = _irregular(member.name) if member.link else ""
            if ".." in parts:
                oddity = f"{shown_name(member.name)} would lie outside of the submission"
                parts = (row_part(parts),)
            elif len(parts) > DEEPEST:
                parts = (*parts[: DEEPEST - 1], "_".join(parts[DEEPEST - 1 :]))
            if parts and parts[0]:
                root.add(parts, member, oddity)
    return root


def _irregular(name: str) -> str:
    return f"{shown_name(name)} is a link or a special file"


def _whole(data: bytes, name: str) -> bytes:
    if len(data) > MOST_DESCRIPTION:
        raise Intolerable(f"{name} is longer than {MOST_DESCRIPTION // 2**20} MB")
    return data
