"""Reads archives, zip and tar, without a word of theirs being a path."""

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
"""What Python's readers raise for an archive that is damaged, has a password, or is packed in another way."""
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BLOCK = 1024 * 1024


class Member(msgspec.Struct, frozen=True):
    """What an archive says of one of its files."""

    name: str
    """As it is written there."""
    place: int
    """Its place in the archive's own list."""
    size: int
    link: bool = False
    """A link, a device, or what else is no ordinary file."""
    check: int | None = None
    """The sum that a zip keeps of what is in the file; None in a tar, which keeps none."""
    offset: int = 0
    """In a tar, where the file begins."""


class Archive:
    """One whose list is read."""

    def __init__(self, file: zipfile.ZipFile | tarfile.TarFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """All that is no folder. Raises Intolerable."""
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
        """Up to so many bytes more."""


class _Part:
    """A part of a file, which is read where it lies."""

    def __init__(self, file: IO[bytes], offset: int, size: int) -> None:
        self._file, self._left = file, size
        file.seek(offset)

    def read(self, size: int, /) -> bytes:
        part = self._file.read(min(size, self._left))
        self._left -= len(part)
        return part


class Contents:
    """An archive whose list is known, open for what is in its files."""

    def __init__(self, path: Path, stack: contextlib.ExitStack) -> None:
        self._path, self._stack = path, stack
        self._zip: zipfile.ZipFile | None = None
        self._tar: IO[bytes] | None = None

    @contextlib.contextmanager
    def opened(self, member: Member) -> Iterator[Reader]:
        """What is in the file. Raises Intolerable; so may reading, inside of `translated`."""
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
    """Nothing is opened before it is asked for. Raises nothing."""
    with contextlib.ExitStack() as stack:
        yield Contents(path, stack)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Raises Intolerable, and OSError where there is no file."""
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
    """What its first bytes, or its last, say that it is; None for what is neither, and for what a tar is packed in."""
    with path.open("rb") as file:
        start = file.read(512)
    if start[257:262] == b"ustar":
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else None


@contextlib.contextmanager
def unpacked(path: Path, most: int = MOST_ARCHIVE) -> Iterator[Path | None]:
    """What a .tar.gz, .tar.xz or .tar.bz2 holds, as a file for as long; None where nothing is packed. `most`: bytes.
    Raises Intolerable and OSError."""
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
    """What opens a file that is packed as a whole, by its first bytes; None where it is not."""
    with path.open("rb") as file:
        start = file.read(6)
    known = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
    return next((opening for mark, opening in known.items() if start.startswith(mark)), None)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Whatever Python's readers raise for what is damaged is Intolerable; a disk's own failure stays an OSError."""
    try:
        yield
    except DAMAGED as error:
        raise _damaged(error) from None
    except OSError as error:
        if error.errno not in {
            None,
            errno.EINVAL,
        }:  # those are the readers' own, of bytes that are no gzip or lead nowhere
            raise
        raise _damaged(error) from None


def _damaged(error: Exception) -> Intolerable:
    if "password" in str(error):
        return Intolerable("it is locked with a password")
    told = " ".join(str(error).split())[:200] or type(error).__name__
    return Intolerable(f"it is damaged or packed in a way that cannot be read ({told})")
