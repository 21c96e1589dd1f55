"""Linux's control groups, version 1 or 2: what the machine's administrator or a container lets this process use, and a
group for guests where one can be had.

https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

FOLDER = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
MEMBERS = "cgroup.procs"


class Version(msgspec.Struct, frozen=True):
    """How the files of one version are called."""

    limit: str
    current: str
    cache: tuple[str, ...]
    """Keys of memory.stat: pages of files that the kernel takes back when memory is short."""
    ends: str
    """The file that says how many processes the limit has ended."""
    swap: str
    """This limit is set to a multiple of the memory limit, so that no memory is moved to the disk instead:"""
    times: int


FIRST = Version(
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    ("total_active_file", "total_inactive_file"),
    "memory.oom_control",
    "memory.memsw.limit_in_bytes",
    1,
)
SECOND = Version(
    "memory.max",
    "memory.current",
    ("active_file", "inactive_file", "slab_reclaimable"),
    "memory.events",
    "memory.swap.max",
    0,
)


class Group(msgspec.Struct, frozen=True):
    """One control group for memory."""

    place: Path
    version: Version

    @property
    def limit(self) -> int | None:
        """The limit in bytes for all processes in the group; None where no limit is set, or where it cannot be seen."""
        with contextlib.suppress(OSError, ValueError):  # "max" is not a number, and sets no limit
            return int((self.place / self.version.limit).read_text())
        return None

    @property
    def used(self) -> int:
        """Bytes that the kernel has given to the group's processes and cannot take back. Raises OSError and
        ValueError."""
        stat = _figures(self.place / "memory.stat")
        cache = sum(stat.get(name, 0) for name in self.version.cache)
        return int((self.place / self.version.current).read_text()) - cache

    @property
    def ended(self) -> int:
        """How many processes the kernel has ended because the group wanted more than its limit."""
        with contextlib.suppress(OSError, ValueError):
            return _figures(self.place / self.version.ends).get("oom_kill", 0)
        return 0

    def remove(self) -> None:
        """Removes the group if it has no process left."""
        with contextlib.suppress(OSError):
            self.place.rmdir()


def enter(place: str) -> None:
    """Puts this process into the group in that folder. Raises OSError."""
    # Not by pathlib: by then `open` may be the notebook's own.
    file = os.open(os.path.join(place, MEMBERS), os.O_WRONLY)
    os.write(file, b"0")
    os.close(file)


def memory_limit(own: Path = OWN, folder: Path = FOLDER) -> int | None:
    """The memory limit in bytes for this process together with all others in its group: the smallest of the limits of
    the group and of the groups around it; None where no limit is set, or where none can be seen."""
    limits = (group.limit for group in _around(own, folder))
    return min((limit for limit in limits if limit is not None), default=None)


def memory_left(own: Path = OWN, folder: Path = FOLDER, machine: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that can still be had, in this process' group, in the groups around it and on the whole machine; None where
    the system does not tell."""
    left = []
    for group in _around(own, folder):
        with contextlib.suppress(OSError, ValueError):
            if (limit := group.limit) is not None:
                left.append(limit - group.used)
    with contextlib.suppress(OSError, ValueError, IndexError):
        left += [int(line.split()[1]) * 1024 for line in machine.read_text().splitlines() if "MemAvailable" in line]
    return min(left, default=None)


def own_group(name: str, memory: int, own: Path = OWN, folder: Path = FOLDER) -> Group | None:
    """A new group in which no more than that many bytes can be had: inside this process' own group, or beside it where
    that one cannot hold a group. None where this user may make no group."""
    for around in _around(own, folder):
        group = Group(around.place / name, around.version)
        try:
            with contextlib.suppress(FileExistsError):
                group.place.mkdir()
            (group.place / group.version.limit).write_text(str(memory))
            with contextlib.suppress(OSError):  # a kernel without swap
                (group.place / group.version.swap).write_text(str(group.version.times * memory))
            if os.access(group.place / MEMBERS, os.W_OK) and group.used >= 0:
                return group
        except (OSError, ValueError):
            pass
        group.remove()
    return None


def remove(name: str, own: Path = OWN, folder: Path = FOLDER) -> None:
    """Removes the group that `own_group` has made, in this process or in one that is gone."""
    for around in _around(own, folder):
        Group(around.place / name, around.version).remove()


def _around(own: Path, folder: Path) -> Iterator[Group]:
    """This process' group and the groups that it is in, from the inside out."""
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top, version = folder, SECOND
            elif "memory" in controllers.split(","):
                top, version = folder / "memory", FIRST
            else:
                continue
            # A container without a namespace for groups is told a path of the machine's, and sees its own group at the
            # top.
            place = top / path.lstrip("/")
            for group in (place, *place.parents):
                yield Group(group, version)
                if group == top:
                    break


def _figures(file: Path) -> dict[str, int]:
    """Raises OSError and ValueError."""
    return {name: int(figure) for name, figure in (line.split() for line in file.read_text().splitlines())}
