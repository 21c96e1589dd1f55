"""Reads archives, zip and tar, without using any of their names as a path."""

import bz2
import contextlib
import errno
import gzip
import lzma
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, Protocol, cast

import msgspec

from autograder.staff.intake.budget import MOST_ARCHIVE, MOST_ENTRIES, Intolerable

Kind = Literal["zip", "tar"]
DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    IndexError,
    KeyError,
    struct.error,
    UnicodeError,
)
"""The exceptions of Python's readers for an archive that is damaged, has a password, or uses another compression."""
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BLOCK = 1024 * 1024


class Member(msgspec.Struct, frozen=True):
    """One file of an archive, as the archive describes it."""

    name: str
    """Its name, as it is written there."""
    place: int
    """Its index in the archive's own list."""
    size: int
    link: bool = False
    """Whether it is a link, a device, or anything else than an ordinary file."""
    check: int | None = None
    """The checksum that a zip keeps of the file's content; None in a tar, which keeps none."""
    offset: int = 0
    """In a tar: where the file begins."""


class Archive:
    """An archive whose list has been read."""

    def __init__(self, file: zipfile.ZipFile | tarfile.TarFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """All its members except folders. Raises Intolerable."""
        with translated():
            if isinstance(self._file, zipfile.ZipFile):
                found: list[Any] = self._file.infolist()
            else:
                found = []
                for each in self._file:
                    found.append(each)
                    if len(found) > MOST_ENTRIES:
                        break
        if len(found) > MOST_ENTRIES:
            raise Intolerable(f"the archive holds more than {MOST_ENTRIES:,} files")
        for place, each in enumerate(found):
            if isinstance(each, zipfile.ZipInfo):
                kind = stat.S_IFMT(each.external_attr >> 16)
                if not each.filename.endswith("/"):
                    yield Member(each.filename, place, each.file_size, kind not in {0, stat.S_IFREG}, each.CRC)
            elif not each.isdir():
                ordinary = each.isreg() and not each.issparse()
                yield Member(each.name, place, each.size, not ordinary, offset=each.offset_data)


class Reader(Protocol):
    """A file that is read from its beginning."""

    def read(self, size: int, /) -> bytes:
        """Reads up to that many more bytes."""


class _Part:
    """A part of a file, read in its place."""

    def __init__(self, file: IO[bytes], offset: int, size: int) -> None:
        self._file, self._left = file, size
        file.seek(offset)

    def read(self, size: int, /) -> bytes:
        part = self._file.read(min(size, self._left))
        self._left -= len(part)
        return part


class Contents:
    """An archive whose list is known, open for the content of its files."""

    def __init__(self, path: Path, stack: contextlib.ExitStack) -> None:
        self._path, self._stack = path, stack
        self._zip: zipfile.ZipFile | None = None
        self._tar: IO[bytes] | None = None

    @contextlib.contextmanager
    def opened(self, member: Member) -> Iterator[Reader]:
        """The content of the file. Raises Intolerable; reading may raise it as well, inside of `translated`."""
        if member.check is None:
            if self._tar is None:
                self._tar = self._stack.enter_context(self._path.open("rb"))
            yield _Part(self._tar, member.offset, member.size)
            return
        with contextlib.ExitStack() as stack:
            with translated():
                if self._zip is None:
                    self._zip = self._stack.enter_context(zipfile.ZipFile(self._path))
                file = stack.enter_context(self._zip.open(self._zip.infolist()[member.place]))
            yield cast(Reader, file)


@contextlib.contextmanager
def contents(path: Path) -> Iterator[Contents]:
    """Opens nothing before a file is asked for. Raises nothing."""
    with contextlib.ExitStack() as stack:
        yield Contents(path, stack)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Reads the list. Raises Intolerable, and OSError where there is no file."""
    kind = kind_of(path)
    if kind is None:
        raise Intolerable("it is not an archive that can be read: neither zip nor tar")
    with contextlib.ExitStack() as stack:
        with translated():
            if kind == "zip":
                file: Any = stack.enter_context(zipfile.ZipFile(path))
            else:
                file = stack.enter_context(tarfile.open(path, "r:"))
        yield Archive(file)


def kind_of(path: Path) -> Kind | None:
    """The kind of archive by its first or last bytes; None for other files, and for the compression that a tar is
    packed in."""
    with path.open("rb") as file:
        start = file.read(512)
    if start[257:262] == b"ustar":
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else None


@contextlib.contextmanager
def unpacked(path: Path, most: int = MOST_ARCHIVE) -> Iterator[Path | None]:
    """The content of a .tar.gz, .tar.xz or .tar.bz2, as a file while the context is open; None where nothing is packed.
    `most`: bytes. Raises Intolerable and OSError."""
    packer = packer_of(path)
    if packer is None:
        yield None
        return
    with tempfile.NamedTemporaryFile(prefix="autograder-class-", suffix=".tar") as target:
        left = most
        with translated(), packer(path) as packed:
            while block := packed.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise Intolerable(f"it unpacks to more than {most // 2**20} MB")
                target.write(block)
        target.flush()
        yield Path(target.name)


def packer_of(path: Path) -> Any:
    """The function that opens a file that is packed as a whole, by its first bytes; None where it is not packed."""
    with path.open("rb") as file:
        start = file.read(6)
    known = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
    return next((opening for mark, opening in known.items() if start.startswith(mark)), None)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns all exceptions of Python's readers for damaged files into Intolerable; a failure of the disk stays an
    OSError."""
    try:
        yield
    except DAMAGED as error:
        raise _damaged(error) from None
    except OSError as error:
        if error.errno not in {
            None,
            errno.EINVAL,
        }:  # those come from the readers, for bytes that are not gzip or lead nowhere
            raise
        raise _damaged(error) from None


def _damaged(error: Exception) -> Intolerable:
    if "password" in str(error):
        return Intolerable("it is locked with a password")
    told = " ".join(str(error).split())[:200] or type(error).__name__
    return Intolerable(f"it is damaged or packed in a way that cannot be read ({told})")
