"""The submissions of a class, as they come: a folder with one for each student, nbgrader's submitted/, or what
Gradescope exports (submission_N folders and submission_metadata.yml), unpacked or as a zip."""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import yaml

from autograder.student.submission.locating import MAX_BYTES

METADATA = "submission_metadata.yml"
SUBMITTED = "submitted"
"""nbgrader's folder with a folder for each student, and in it one for each assignment."""
MOST_FILES = 10_000
"""Of one submission; a zip may hold more than a disk does."""


class CollectionError(Exception):
    """There are no submissions to be had; the message says why."""


class Student(msgspec.Struct, frozen=True):
    """One of those who hand in together, as Gradescope knows them."""

    name: str = ""
    email: str = ""
    sid: str = ""
    """The number that the university gives."""


class Handed(msgspec.Struct, frozen=True):
    """One submission of a class."""

    name: str
    """Tells it from all others: that of its folder or file."""
    path: str
    """The file or folder, or the zip that holds it."""
    member: str = ""
    """Its folder in the zip."""
    students: tuple[Student, ...] = ()

    @contextlib.contextmanager
    def opened(self) -> Iterator[Path]:
        """Where its files lie; what a zip holds is unpacked for as long. Raises OSError and BadZipFile."""
        if not self.member:
            yield Path(self.path)
            return
        with (
            tempfile.TemporaryDirectory(prefix="autograder-submission-") as folder,
            zipfile.ZipFile(self.path) as archive,
        ):
            _unpack(archive, self.member, Path(folder))
            yield Path(folder)

    def digest(self) -> str:
        """Of names and contents: another one where anything in it has changed. Raises OSError and BadZipFile."""
        digest = hashlib.sha256()
        if self.member:
            with zipfile.ZipFile(self.path) as archive:
                for entry in sorted(_of(archive, self.member), key=lambda entry: entry.filename):
                    digest.update(f"{entry.filename}\0{entry.file_size}\0{entry.CRC}\0".encode())
            return digest.hexdigest()
        for name, path in _regular(Path(self.path)):
            digest.update(f"{name}\0".encode(errors="surrogateescape"))
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


def find_submissions(place: Path, assignment: str = "") -> list[Handed]:
    """All of them, by name. `assignment`: of nbgrader's assignments the one that is meant. Raises CollectionError."""
    try:
        if place.is_dir():
            return _in_folder(place, assignment)
        if zipfile.is_zipfile(place):
            return _in_zip(place)
    except (OSError, zipfile.BadZipFile) as error:
        raise CollectionError(f"{place} cannot be read: {error}") from None
    raise CollectionError(
        f"there is no folder and no zip of submissions at {place}; for one notebook there is `grade`"
        if place.exists()
        else f"there is no file or folder {place}"
    )


def _in_folder(place: Path, assignment: str) -> list[Handed]:
    if (place / SUBMITTED).is_dir():
        place /= SUBMITTED
    named = _named((place / METADATA).read_bytes()) if (place / METADATA).is_file() else {}
    found = []
    for entry in sorted(os.scandir(place), key=lambda entry: entry.name):
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        path = Path(entry.path)
        if path.is_dir():
            own = path / assignment
            if own.is_dir():
                found.append(Handed(entry.name, str(own), students=named.get(entry.name, ())))
        elif path.suffix.lower() == ".ipynb":
            found.append(Handed(path.stem, str(path)))
    return _unmistakable(found, place)


def _in_zip(place: Path) -> list[Handed]:
    with zipfile.ZipFile(place) as archive:
        folders = dict.fromkeys(_folder_of(name) for name in archive.namelist())
        described = [name for name in archive.namelist() if PurePosixPath(name).name == METADATA]
        # Gradescope's lie in a folder of the export's own name, in which the description lies, too.
        top = str(PurePosixPath(described[0]).parent) if described else "."
        named = _named(archive.read(described[0])) if described else {}
    prefix = "" if top == "." else f"{top}/"
    below = (folder.removeprefix(prefix) for folder in folders if folder.startswith(prefix))
    names = sorted({folder.split("/")[0] for folder in below} - {""})
    found = [
        Handed(name, str(place), member=f"{prefix}{name}/", students=named.get(name, ()))
        for name in names
        if not name.startswith(".") and name != "__MACOSX"
    ]
    return _unmistakable(found, place)


def _unmistakable(found: list[Handed], place: Path) -> list[Handed]:
    if not found:
        raise CollectionError(f"there is no submission in {place}: a folder or a notebook for each is looked for")
    names = [each.name.lower() for each in found]  # they become names of folders, on macOS in either case
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CollectionError(f"several submissions are named {', '.join(twice[:5])}")
    return found


def _named(description: bytes) -> dict[str, tuple[Student, ...]]:
    """Submission to students, from Gradescope's description. Raises CollectionError."""
    try:
        told: Any = yaml.load(description, Loader=_Plain)
        return {
            str(name): tuple(
                Student(*(str(each.get(key) or "") for key in (":name", ":email", ":sid")))
                for each in (about or {}).get(":submitters") or ()
            )
            for name, about in dict(told or {}).items()
        }
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        raise CollectionError(f"{METADATA} is not as Gradescope writes it: {error}") from None


class _Plain(yaml.SafeLoader):
    """Reads what has a type of Ruby's as if it had none: nothing of it is needed."""


_Plain.add_multi_constructor("!ruby/", lambda loader, suffix, node: None)


def _folder_of(name: str) -> str:
    return name if name.endswith("/") else name.rpartition("/")[0] + "/"


def _of(archive: zipfile.ZipFile, member: str) -> list[zipfile.ZipInfo]:
    return [entry for entry in archive.infolist() if entry.filename.startswith(member) and not entry.is_dir()]


def _unpack(archive: zipfile.ZipFile, member: str, folder: Path) -> None:
    """Files alone, each no longer than a notebook may be (a longer one is cut, and read as too long), and none outside
    of the folder."""
    for entry in _of(archive, member)[:MOST_FILES]:
        parts = PurePosixPath(entry.filename.removeprefix(member)).parts
        if ".." in parts or stat.S_ISLNK(entry.external_attr >> 16):
            continue
        target = folder.joinpath(*(part for part in parts if part != "/"))
        with contextlib.suppress(NotImplementedError, RuntimeError):  # packed in another way, or with a password
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as packed, target.open("wb") as file:
                shutil.copyfileobj(_Cut(packed, MAX_BYTES + 1), file)


class _Cut:
    """The beginning of a file."""

    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def read(self, size: int = MAX_BYTES, /) -> bytes:
        """As the file's own, up to its end or the cut."""
        part: bytes = self._file.read(min(size, self._left))
        self._left -= len(part)
        return part


def _regular(place: Path) -> Iterator[tuple[str, Path]]:
    """Ordinary files below a place, by name, links not followed."""
    if not place.is_dir():
        yield place.name, place
        return
    for folder, folders, files in os.walk(place):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield str(path.relative_to(place)), path
