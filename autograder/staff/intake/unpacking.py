"""Puts the files of one submission into a folder of its own, and writes nowhere else."""

import contextlib
import errno
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from autograder.staff.intake import archives
from autograder.staff.intake.archives import BLOCK, Reader
from autograder.staff.intake.budget import Budget, Intolerable
from autograder.staff.intake.naming import Names, file_name
from autograder.staff.intake.tree import Piece, is_junk, tree_of
from autograder.student.submission.files import shown_name
from autograder.student.submission.locating import WEIGHTS

NOTEBOOK = ".ipynb"
MOST_ARCHIVES = 3
"""How many archives of one submission are opened."""
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""Errors that have nothing to do with a name."""


class Unpacking:
    """One submission while its files are put into its folder."""

    def __init__(self, folder: Path) -> None:
        self.notes: list[str] = []
        self._folder = folder
        self._budget = Budget()
        self._names: defaultdict[tuple[str, ...], Names] = defaultdict(Names)
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def put(self, pieces: Iterable[Piece], archive: str) -> None:
        """Takes files and folders of the disk, or members of the archive: first notebooks, then weights, so that other
        files cannot use up the limits. Raises the disk's OSError."""
        ordered = sorted(pieces, key=lambda piece: _rank(piece.target[-1] if piece.target else ""))
        with contextlib.ExitStack() as stack:
            opened = stack.enter_context(archives.contents(Path(archive)))
            for piece in ordered:
                if piece.oddity:
                    self._note(piece.oddity + " and was left out")
                    continue
                try:
                    if piece.member is None:
                        for target, path in ordinary(Path(piece.path), piece.target):
                            with path.open("rb") as file:
                                self._copy(file, target)
                    else:
                        with opened.opened(piece.member) as file:
                            self._copy(file, piece.target)
                except Intolerable as error:
                    self._note(f"{shown_name(piece.target[-1])}: {error}" if piece.target else str(error))
                    if self._budget.is_spent:
                        return

    def open_archives(self) -> None:
        """Opens archives where there is no notebook. Raises the disk's OSError."""
        files = [path for _, path in ordinary(self._folder, ())]
        if any(path.name.lower().endswith(NOTEBOOK) for path in files):
            return
        packed = [path for path in files if path.name.lower().endswith(archives.ENDINGS)]
        for path in packed[:MOST_ARCHIVES]:
            try:
                with archives.unpacked(path, self._budget.bytes) as tar:
                    place = tar or path
                    self.put(tree_of(place).pieces((path.name + " unpacked",)), str(place))
            except Intolerable as error:
                self._note(f"{shown_name(path.name)}: {error}")

    def _note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < 5:
            self.notes.append(text)

    def _copy(self, file: Reader, target: tuple[str, ...]) -> None:
        """Copies one file, up to the length that a notebook may have."""
        left = self._budget.take_file()
        with self._created(target) as made, archives.translated():
            while left > 0 and (block := file.read(min(left, BLOCK))):
                made.write(block)
                left -= len(block)
                self._budget.take_bytes(len(block))

    def _created(self, target: tuple[str, ...]) -> IO[bytes]:
        """Makes a new file at a path that no other file has. Names that the disk does not take are replaced."""
        try:
            path = self._folder.joinpath(*self._place(target))
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("xb")
        except OSError as error:
            if error.errno in _OF_THE_DISK:
                raise
            ending = Path(file_name(target[-1])).suffix[:12]
            return self._folder.joinpath(*self._place((f"file{ending}",))).open("xb")

    def _place(self, target: tuple[str, ...]) -> tuple[str, ...]:
        """The path of the file: each part is a name that the system takes, and no other file has the last one."""
        *folders, last = target
        place: tuple[str, ...] = ()
        for depth, raw in enumerate(folders, start=1):
            known = self._known.get(tuple(folders[:depth]))
            place = known or (*place, self._names[place].new(file_name(raw)))
            self._known[tuple(folders[:depth])] = place
        return (*place, self._names[place].new(file_name(last), is_file=True))


def ordinary(place: Path, target: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Path]]:
    """The ordinary files below a path, by name; links are not followed. For a file the file itself."""
    if not stat.S_ISDIR(os.lstat(place).st_mode):
        yield target or (place.name,), place
        return
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(each for each in folders if not is_junk(each))
        for name in sorted(files):
            path = Path(folder, name)
            if not is_junk(name) and stat.S_ISREG(path.lstat().st_mode):
                yield (*target, *path.relative_to(place).parts), path


def _rank(name: str) -> int:
    name = name.lower()
    return 0 if name.endswith(NOTEBOOK) else 1 if name.endswith(WEIGHTS) else 2
