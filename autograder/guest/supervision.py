"""What a guest may use with everything that it has started, and what it is told where it used more."""

import errno
import os

import msgspec

from autograder.guest.control_groups import memory_limit

MEBIBYTE = 1024 * 1024
MOST_ENTRIES = 20_000
SHARE = 5 / 8
"""Of the memory that the machine gives, what a guest may use; zygote and grader need the rest. Where a guest takes all,
the kernel ends it, too, but looks for a minute or two for other ways out."""
PROCESS = 24 * MEBIBYTE
"""Of the memory that the machine gives, for one process allowed; the kernel's own tables for a process with torch in it
are a megabyte or two, and count there."""
HIDING = {errno.ENAMETOOLONG} | ({errno.EACCES} if os.name == "posix" else set())
"""Nobody reaches such a folder by accident; Windows refuses one that is just being removed."""


class Usage(msgspec.Struct, frozen=True):
    """What processes use at a moment."""

    memory: int
    """Bytes."""
    threads: int = 1
    unnamed: int = 0
    """Bytes in open files that no folder lists."""


class Allowance(msgspec.Struct, frozen=True):
    """What one guest may use, with everything that it has started."""

    memory: int = 1536 * MEBIBYTE
    """Bytes; of what it shares with the process that it comes from its part."""
    processes: int = 64
    written: int = 256 * MEBIBYTE
    """Bytes in the scratch folder."""

    @property
    def threads(self) -> int:
        """Threads and processes together: more than the processes allowed, so that one sees who starts too many."""
        return 2 * self.processes

    def within(self, limit: int) -> "Allowance":
        """Less memory and fewer processes where there is no more than `limit` bytes for all."""
        memory, processes = min(self.memory, int(SHARE * limit)), min(self.processes, limit // PROCESS)
        return msgspec.structs.replace(self, memory=memory, processes=processes)

    def compare_count(self, processes: int) -> None:
        """Raises Excess. Apart from the rest, for to measure many takes long."""
        if processes > self.processes:
            raise Excess(f"the code started more than {self.processes} processes and was stopped")

    def compare(self, usage: Usage, scratch: str) -> None:
        """Raises Excess."""
        if usage.memory > self.memory:
            raise self.too_much_memory
        if usage.unnamed + _written(scratch, self.written) > self.written:
            raise self.too_much_written

    @property
    def too_much_memory(self) -> "Excess":
        """For who has used more than is allowed."""
        return Excess(f"the code used more than {self.memory // MEBIBYTE} MB of memory and was stopped")

    @property
    def too_much_written(self) -> "Excess":
        """For who has written more than is allowed."""
        return Excess(f"the code wrote more than {self.written // MEBIBYTE} MB of files and was stopped")


def allowance_here() -> Allowance:
    """The usual one, or less on a machine that gives less memory."""
    limit = memory_limit()
    return Allowance() if limit is None else Allowance().within(limit)


class Excess(Exception):
    """The guest used more than its allowance; the message is for the student. Or the machine has too little left, which
    need not be the guest's doing; then it is for the course staff."""

    def __init__(self, message: str, *, of_the_machine: bool = False) -> None:
        super().__init__(message)
        self.of_the_machine = of_the_machine


def _written(folder: str, enough: int) -> int:
    """Bytes on the disk below a folder, a block at least for each file; counting ends at more than enough, and so does
    what hides from it."""
    total, entries = 0, 0
    pending = [folder]
    while pending and total <= enough and entries < MOST_ENTRIES:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    total += max(_on_disk(entry.stat(follow_symlinks=False)), 4096)
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    if total > enough or entries >= MOST_ENTRIES:
                        break
        except OSError as error:
            if error.errno in HIDING:
                return enough + 1
    return enough + 1 if entries >= MOST_ENTRIES else total


def _on_disk(file: os.stat_result) -> int:
    """Without the holes of a file, where the system tells."""
    blocks: int | None = getattr(file, "st_blocks", None)
    return file.st_size if blocks is None else blocks * 512
