"""What /proc says about the processes of a guest."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator

import msgspec

from autograder.guest.supervision import Usage

STATUS = re.compile(
    r"^State:\t(?P<state>.).*?^PPid:\t(?P<parent>\d+)$.*?^Uid:\t(?P<user>\d+).*?^Threads:\t(?P<threads>\d+)$",
    re.M | re.S,
)
KIBIBYTE, BLOCK = 1024, 512
ENOUGH = 64 * KIBIBYTE
"""The most bytes of one file of /proc that are read."""
FEW = 12
"""Up to this number each process is asked for its part: a data loader with eight workers, and some more."""
SOCKET_BYTES = 208 * KIBIBYTE
"""How many bytes Linux lets wait in one socket by default."""


class Process(msgspec.Struct, frozen=True):
    """What /proc says about one process."""

    pid: int
    parent: int
    user: int
    """The real user id. Not the owner of the folder: that is root where a process is not dumpable."""
    threads: int
    is_dead: bool
    """The process has ended, and may wait for a long time until its exit code is read."""


def processes_of(user: int) -> list[int]:
    """The processes of a user."""
    return [each.pid for each in _all() if each.user == user and not each.is_dead]


def descendants_of(ancestor: int) -> list[int]:
    """The processes that a process has started, those that they have started, and so on. This process adopts those
    whose own parent is gone."""
    children: dict[int, list[Process]] = {}
    for each in _all():
        children.setdefault(each.parent, []).append(each)
    found: list[int] = []
    pending = [ancestor]
    while pending:
        # A process that was looked at while its parent lived still names that parent, which may have died since.
        own = children.pop(pending.pop(), [])
        found += [each.pid for each in own if not each.is_dead]
        pending += [each.pid for each in own]
    return found


def threads_of(user: int) -> int:
    """How many threads all processes of a user have."""
    return sum(each.threads for each in _all() if each.user == user and not each.is_dead)


def serve_last(processes: list[int], niceness: int) -> None:
    """Gives all threads of these processes, and what they start from now on, the smallest share of the processors."""
    for pid in processes:
        with contextlib.suppress(OSError):  # for a process that is gone
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.setpriority(os.PRIO_PROCESS, int(thread), niceness)


def usage_of(processes: list[int], enough: int, *, shared: int) -> Usage:
    """Bytes of memory. They are counted quickly and too high as long as that is within the limit; after that, each
    process counts its part of what several share. Where the kernel does not tell these parts (to root in a container,
    of another user's process), or where there are many processes, each counts what it has beyond the process `shared`
    that all come from."""
    known = [_figures(f"/proc/{pid}/status", "RssAnon:", "RssShmem:", "VmPTE:", "Threads:") for pid in processes]
    threads = sum(each.get("Threads:", 0) for each in known)
    resident = [each.get("RssAnon:", 0) * KIBIBYTE + each.get("RssShmem:", 0) * KIBIBYTE for each in known]
    sockets, unnamed = _held_open(processes)
    apart = sockets + sum(each.get("VmPTE:", 0) for each in known) * KIBIBYTE
    memory = sum(resident) + apart
    if memory > enough:
        memory = _proportional(processes, resident, shared) + apart
    return Usage(memory, threads, unnamed)


def _proportional(processes: list[int], resident: list[int], shared: int) -> int:
    """Bytes of anonymous and shared memory. To tell each process' part, the kernel waits until the process lets go of
    its map of memory. With many processes that fork without end this took seconds for each, so they are not asked."""
    if len(processes) <= FEW:
        with contextlib.suppress(PermissionError):
            known = [_figures(f"/proc/{pid}/smaps_rollup", "Pss_Anon:", "Pss_Shmem:") for pid in processes]
            return sum(sum(each.values()) * KIBIBYTE for each in known)
    own = _figures(f"/proc/{shared}/status", "RssAnon:").get("RssAnon:", 0) * KIBIBYTE
    return own + sum(max(0, each - own) for each in resident)


def _held_open(processes: list[int]) -> tuple[int, int]:
    """Bytes that sockets may hold, and that lie in files without a name."""
    sockets: set[int] = set()
    unnamed: dict[tuple[int, int], int] = {}
    for pid in processes:
        # A process that is gone, or that the kernel does not let us look into.
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    file = os.stat(entry.path)
                    if stat.S_ISSOCK(file.st_mode):
                        sockets.add(file.st_ino)
                    elif stat.S_ISREG(file.st_mode) and not file.st_nlink:
                        unnamed[file.st_dev, file.st_ino] = file.st_blocks * BLOCK
    return len(sockets) * SOCKET_BYTES, sum(unnamed.values())


def _all() -> Iterator[Process]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            # A process that has ended meanwhile, or that is hidden.
            with contextlib.suppress(OSError):
                told = STATUS.search(_text(entry.path + "/status"))
                if told:
                    parent, user, threads = (int(told[name]) for name in ("parent", "user", "threads"))
                    yield Process(int(entry.name), parent, user, threads, is_dead=told["state"] == "Z")


def _figures(path: str, *names: str) -> dict[str, int]:
    """The numbers in the lines with these names; none where the process is gone. Raises PermissionError."""
    try:
        lines = _text(path).split("\n")
    except PermissionError:
        raise
    except OSError:
        return {}
    words = (line.split() for line in lines)
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[0] in names}


def _text(path: str) -> str:
    """Reads it as bytes, because a process may give itself a name that is not text. Not by pathlib, which is slower:
    every process is looked at when a guest ends."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, ENOUGH).decode(errors="replace")
    finally:
        os.close(file)
