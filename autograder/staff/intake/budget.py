"""Limits on how much of the students' files is read: bytes, files and time for one submission, files for a class."""

import time

from autograder.student.submission.locating import MAX_BYTES

MOST_FILES = 10_000
"""The most files of one submission."""
MOST_BYTES = 512 * 1024 * 1024
"""The most bytes of one submission, unpacked: a notebook, and its trained weights."""
MOST_SECONDS = 60.0
"""Seconds to unpack one submission."""
MOST_ENTRIES = 1_000_000
"""The most files of a class."""
MOST_ARCHIVE = 8 * 1024**3
"""The most bytes of a class's archive that has to be unpacked as a whole."""


class Intolerable(Exception):
    """A hand-in, or a part of it, that is not read; `str(e)` says why, as a text for a row."""


class Budget:
    """What is left for one submission."""

    def __init__(self) -> None:
        self.files, self.bytes = MOST_FILES, MOST_BYTES
        self._end = time.monotonic() + MOST_SECONDS

    @property
    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        return self.files <= 0 or self.bytes <= 0 or time.monotonic() > self._end

    def take_file(self) -> int:
        """Counts one more file, and returns how long it may be: one byte more than a notebook, so that a longer file is
        seen to be too long. Raises Intolerable."""
        if self.files <= 0:
            raise Intolerable(f"it holds more than {MOST_FILES:,} files; the others were left out")
        self.files -= 1
        return min(MAX_BYTES + 1, self.bytes)

    def take_bytes(self, count: int) -> None:
        """Counts that many more bytes. Raises Intolerable."""
        self.bytes -= count
        if self.bytes <= 0:
            raise Intolerable(f"it unpacks to more than {MOST_BYTES // 2**20} MB; the rest was left out")
        if time.monotonic() > self._end:
            raise Intolerable(f"unpacking it takes more than {MOST_SECONDS:.0f} s; the rest was left out")
