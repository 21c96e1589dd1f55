"""The limits for a guest with everything that it has started, and the messages for a guest that exceeds them."""

import errno
import os

import msgspec

from autograder.guest.control_groups import memory_limit

MEBIBYTE = 1024 * 1024
MOST_ENTRIES = 20_000
SHARE = 5 / 8
"""The share of the machine's memory that a guest may use; the zygote and the grader need the rest. The kernel also ends
a guest that takes all memory, but only after it has looked for other ways out for a minute or two."""
PROCESS = 24 * MEBIBYTE
"""The share of the machine's memory for each process that is allowed: the kernel's own tables for a process with torch
in it take a megabyte or two, and count there."""
HIDING = {errno.ENAMETOOLONG} | ({errno.EACCES} if os.name == "posix" else set())
"""The errors of a folder that hides from the count; nobody makes such a folder by accident. On Windows a folder that is
just being removed gives EACCES."""


class Usage(msgspec.Struct, frozen=True):
    """What processes use at a moment."""

    memory: int
    """Bytes."""
    threads: int = 1
    unnamed: int = 0
    """Bytes in open files that no folder lists."""


class Allowance(msgspec.Struct, frozen=True):
    """The limits for one guest, with everything that it has started."""

    memory: int = 1536 * MEBIBYTE
    """Bytes; of memory that it shares with the process that it comes from, its part."""
    processes: int = 64
    written: int = 256 * MEBIBYTE
    """Bytes in the scratch folder."""

    @property
    def threads(self) -> int:
        """Threads and processes together. More than the number of processes that is allowed, so that a guest that
        starts too many can be seen."""
        return 2 * self.processes

    def within(self, limit: int) -> "Allowance":
        """Less memory and fewer processes, where all processes together have no more than `limit` bytes."""
        memory, processes = min(self.memory, int(SHARE * limit)), min(self.processes, limit // PROCESS)
        return msgspec.structs.replace(self, memory=memory, processes=processes)

    def compare_count(self, processes: int) -> None:
        """Checks the number of processes. Raises Excess. It is a check of its own, because measuring many processes
        takes long."""
        if processes > self.processes:
            raise Excess(f"the code started more than {self.processes} processes and was stopped")

    def compare(self, usage: Usage, scratch: str) -> None:
        """Checks the rest. Raises Excess."""
        if usage.memory > self.memory:
            raise self.too_much_memory
        if usage.unnamed + _written(scratch, self.written) > self.written:
            raise self.too_much_written

    @property
    def too_much_memory(self) -> "Excess":
        """The message for a guest that has used more than is allowed."""
        return Excess(f"the code used more than {self.memory // MEBIBYTE} MB of memory and was stopped")

    @property
    def too_much_written(self) -> "Excess":
        """The message for a guest that has written more than is allowed."""
        return Excess(f"the code wrote more than {self.written // MEBIBYTE} MB of files and was stopped")


def allowance_here() -> Allowance:
    """The usual limits, or smaller ones on a machine that gives less memory."""
    limit = memory_limit()
    return Allowance() if limit is None else Allowance().within(limit)


class Excess(Exception):
    """The guest used more than its limits allow; the message is for the student. Or the machine has too little left,
    which need not be the guest's fault: then the message is for the course staff."""

    def __init__(self, message: str, *, of_the_machine: bool = False) -> None:
        super().__init__(message)
        self.of_the_machine = of_the_machine


def _written(folder: str, enough: int) -> int:
    """Bytes on the disk below a folder, at least one block for each file. Counting ends as soon as it is above the
    limit; what hides from the count is taken as above the limit, too."""
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
    """Without the holes of a file, where the system tells them."""
    blocks: int | None = getattr(file, "st_blocks", None)
    return file.st_size if blocks is None else blocks * 512
