"""Watches what a guest and all of its children use, from outside."""

import os
from pathlib import Path

import msgspec

MEBIBYTE = 1024 * 1024
MOST_ENTRIES = 20_000


class Allowance(msgspec.Struct, frozen=True):
    """What one guest may use, with everything that it has started."""

    memory: int = 1536 * MEBIBYTE
    """Bytes of its own; what it shares with the zygote does not count."""
    processes: int = 64
    written: int = 256 * MEBIBYTE
    """Bytes in the scratch folder."""


class Excess(Exception):
    """The guest used more than its allowance; the message is for the student."""


def watch(user: int | None, pid: int, scratch: str, allowance: Allowance) -> None:
    """Raises Excess. `user` is the guest's own, None where it has none and only the process `pid` can be watched."""
    processes = [pid] if user is None else processes_of(user)
    if len(processes) > allowance.processes:
        raise Excess(f"the code started more than {allowance.processes} processes and was stopped")
    if sum(map(_anonymous, processes)) > allowance.memory and sum(map(_own, processes)) > allowance.memory:
        raise Excess(f"the code used more than {allowance.memory // MEBIBYTE} MB of memory and was stopped")
    if _written(scratch, allowance.written) > allowance.written:
        raise Excess(f"the code wrote more than {allowance.written // MEBIBYTE} MB of files and was stopped")


def processes_of(user: int) -> list[int]:
    """The processes of a user that are not dead; one that is may wait for long until somebody reads its exit code."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                if _real_user(entry.name) == user:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _real_user(pid: str) -> int:
    """Not the owner of the folder: where a process is not dumpable that is root. -1 for a zombie."""
    for line in Path("/proc", pid, "status").read_text().split("\n"):
        if line.startswith("State:\tZ"):
            return -1
        if line.startswith("Uid:"):
            return int(line.split()[1])
    return -1


def _anonymous(pid: int) -> int:
    """Bytes, counted quickly and too high: pages that a fork shares count for each side."""
    return _figure(f"/proc/{pid}/status", "RssAnon:") + _figure(f"/proc/{pid}/status", "RssShmem:")


def _own(pid: int) -> int:
    """Bytes that no other process shares."""
    return _figure(f"/proc/{pid}/smaps_rollup", "Private_Dirty:")


def _figure(path: str, name: str) -> int:
    try:
        for line in Path(path).read_text().split("\n"):
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _written(folder: str, enough: int) -> int:
    """Bytes on the disk below a folder, a block at least for each file; counting ends at more than enough."""
    total, entries = 0, 0
    pending = [folder]
    while pending and total <= enough and entries < MOST_ENTRIES:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    total += max(entry.stat(follow_symlinks=False).st_blocks * 512, 4096)
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    if total > enough or entries >= MOST_ENTRIES:
                        break
        except OSError:
            continue
    return enough + 1 if entries >= MOST_ENTRIES else total
