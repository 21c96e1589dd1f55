"""What /proc tells about the processes of a guest's user."""

import os
from pathlib import Path


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


def memory_of(processes: list[int], enough: int) -> int:
    """Bytes, of what several processes share each one's part. Counted quickly and too high as long as that is no more
    than enough."""
    anonymous = sum(_figure(f"/proc/{pid}/status", "RssAnon:", "RssShmem:") for pid in processes)
    if anonymous <= enough:
        return anonymous
    return sum(_figure(f"/proc/{pid}/smaps_rollup", "Pss_Anon:", "Pss_Shmem:") for pid in processes)


def _real_user(pid: str) -> int:
    """Not the owner of the folder: where a process is not dumpable that is root. -1 for a zombie."""
    for line in Path("/proc", pid, "status").read_text().split("\n"):
        if line.startswith("State:\tZ"):
            return -1
        if line.startswith("Uid:"):
            return int(line.split()[1])
    return -1


def _figure(path: str, *names: str) -> int:
    """The sum of the lines of these names, in bytes; 0 where the process is gone."""
    try:
        lines = Path(path).read_text().split("\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
