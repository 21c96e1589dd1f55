"""One hand-in: its students, its files, and how to get the files in a folder of their own."""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from autograder.staff.intake import archives
from autograder.staff.intake.archives import BLOCK, Reader
from autograder.staff.intake.budget import MOST_BYTES, MOST_FILES
from autograder.staff.intake.tree import Piece
from autograder.staff.intake.unpacking import NOTEBOOK, Unpacking, ordinary
from autograder.student.submission.locating import MAX_BYTES


class Student(msgspec.Struct, frozen=True):
    """One of the students who hand in together, as the platform knows them."""

    name: str = ""
    email: str = ""
    sid: str = ""
    """The student's number at the university."""
    id: str = ""
    """The student's number on the platform, which its grade book has, too."""


class Files(msgspec.Struct, frozen=True):
    """A hand-in where it can be read."""

    place: Path
    notes: tuple[str, ...] = ()
    """Sentences without a full stop about files that are left out."""


class Handed(msgspec.Struct, frozen=True):
    """One submission of a class."""

    name: str
    """Its name, which no other hand-in has; also the name of its folder."""
    pieces: tuple[Piece, ...] = ()
    archive: str = ""
    """The archive that holds its files; "" where they lie on the disk."""
    students: tuple[Student, ...] = ()
    late: bool | None = None
    """Whether it is late, as the platform says; None where the platform says nothing."""
    submitted: str = ""
    """When it was handed in, as the platform writes it; "" where it does not."""
    days_late: float | None = None
    """How many days late it is, as the roster says; None where the roster says nothing."""
    free_days: int = 0
    """How many days the student may be late without losing points, according to the roster."""
    due: str = ""
    """The student's own due date, as the roster writes it."""
    missing: bool = False
    """Whether it stands for a student on the roster who has handed in nothing."""

    @contextlib.contextmanager
    def opened(self) -> Iterator[Files]:
        """Its ordinary files. Files from an archive, or from several places, are put into a folder while the context is
        open. Raises OSError and Intolerable."""
        if (place := self._as_it_lies()) is not None:
            yield Files(place)
            return
        with tempfile.TemporaryDirectory(prefix="autograder-submission-") as folder:
            unpacking = Unpacking(Path(folder))
            unpacking.put(self.pieces, self.archive)
            unpacking.open_archives()
            yield Files(Path(folder), tuple(unpacking.notes))

    def _as_it_lies(self) -> Path | None:
        """Its path on the disk as it was handed in; None where it has to be put together."""
        if len(self.pieces) != 1 or self.archive or self.pieces[0].oddity:
            return None
        [piece] = self.pieces
        place = Path(piece.path)
        if piece.target:
            return place if piece.target == (place.name,) and _is_notebook(place.name) else None
        return None if _is_packed(place) else place

    def digest(self) -> str:
        """A digest of names and contents: it changes where anything in the hand-in changes, as far as that would be
        read. Raises OSError and Intolerable."""
        digest = hashlib.sha256()
        left = MOST_BYTES
        if self.archive:
            with archives.contents(Path(self.archive)) as archive:
                for piece in self.pieces[: MOST_FILES + 1]:
                    known = piece.member
                    assert known is not None
                    digest.update(
                        f"{piece.target}\0{piece.oddity}\0{known.size} {known.check}\0".encode(errors="replace")
                    )
                    if known.check is None and not piece.oddity:
                        with archive.opened(known) as file, archives.translated():
                            left -= _hash(file, digest, left)
            return digest.hexdigest()
        for name, path in _files(self.pieces):
            digest.update(f"{name}\0{path.lstat().st_size}\0".encode(errors="surrogateescape"))
            with path.open("rb") as file:
                left -= _hash(file, digest, left)
        return digest.hexdigest()


def _hash(file: Reader, digest: "hashlib._Hash", left: int) -> int:
    """Adds to the digest as much of a file as would be read; returns how much that is."""
    most = done = max(0, min(left, MAX_BYTES + 1))
    while most > 0 and (block := file.read(min(most, BLOCK))):
        digest.update(block)
        most -= len(block)
    return done - most


def _files(pieces: tuple[Piece, ...]) -> Iterator[tuple[str, Path]]:
    """The ordinary files, by name; links are not followed, and no more files are listed than are read."""
    found = (each for piece in pieces if not piece.oddity for each in ordinary(Path(piece.path), piece.target))
    for count, (target, path) in enumerate(found):
        if count > MOST_FILES:
            return
        yield "/".join(target), path


def _is_notebook(path: str) -> bool:
    return path.lower().endswith(NOTEBOOK)


def _is_packed(place: Path) -> bool:
    """Whether there is an archive and no notebook."""
    names = [path.name.lower() for _, path in islice(ordinary(place, ()), MOST_FILES)]
    return not any(map(_is_notebook, names)) and any(name.endswith(archives.ENDINGS) for name in names)
