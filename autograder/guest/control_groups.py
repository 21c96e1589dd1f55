"""What the machine's administrator, or a container, lets this process use, and a group of its own for a guest where one
can be had: Linux's control groups of either version.

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
    """In memory.stat: pages of files that the kernel takes back when it is short of memory."""
    ends: str
    """Where it says how many processes the limit has ended."""
    swap: str
    """Set to so many times the limit, that nothing goes to the disk instead:"""
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
        """Bytes for all in it; None where none is set, or can be seen."""
        with contextlib.suppress(OSError, ValueError):  # "max" is no number, and sets no limit
            return int((self.place / self.version.limit).read_text())
        return None

    @property
    def used(self) -> int:
        """Bytes that the kernel has given to those in it and cannot take back. Raises OSError and ValueError."""
        stat = _figures(self.place / "memory.stat")
        cache = sum(stat.get(name, 0) for name in self.version.cache)
        return int((self.place / self.version.current).read_text()) - cache

    @property
    def ended(self) -> int:
        """How many processes the kernel has ended since all together wanted more than the limit."""
        with contextlib.suppress(OSError, ValueError):
            return _figures(self.place / self.version.ends).get("oom_kill", 0)
        return 0

    def remove(self) -> None:
        """Where nobody is left in it."""
        with contextlib.suppress(OSError):
            self.place.rmdir()


def enter(place: str) -> None:
    """Puts this process into the group in that folder. Raises OSError."""
    # Not by pathlib: by then `open` may be a notebook's.
    file = os.open(os.path.join(place, MEMBERS), os.O_WRONLY)
    os.write(file, b"0")
    os.close(file)


def memory_limit(own: Path = OWN, folder: Path = FOLDER) -> int | None:
    """Bytes of memory for this process together with all others in its group, the least of those set for it and for the
    groups around; None where none is set, or can be seen."""
    limits = (group.limit for group in _around(own, folder))
    return min((limit for limit in limits if limit is not None), default=None)


def memory_left(own: Path = OWN, folder: Path = FOLDER, machine: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes still to be had, in its group, the groups around it and on the whole machine; None where nothing tells."""
    left = []
    for group in _around(own, folder):
        with contextlib.suppress(OSError, ValueError):
            if (limit := group.limit) is not None:
                left.append(limit - group.used)
    with contextlib.suppress(OSError, ValueError, IndexError):
        left += [int(line.split()[1]) * 1024 for line in machine.read_text().splitlines() if "MemAvailable" in line]
    return min(left, default=None)


def own_group(name: str, memory: int, own: Path = OWN, folder: Path = FOLDER) -> Group | None:
    """A new group in which no more than so many bytes are to be had: within this process' own, or beside it where that
    cannot hold one. None where this user may make none."""
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
    """What `own_group` has made, by this process or one that is gone."""
    for around in _around(own, folder):
        Group(around.place / name, around.version).remove()


def _around(own: Path, folder: Path) -> Iterator[Group]:
    """This process' group and those that it is in, from the inside out."""
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top, version = folder, SECOND
            elif "memory" in controllers.split(","):
                top, version = folder / "memory", FIRST
            else:
                continue
            # A container that has no namespace for groups is told a path of the machine's, and sees its own at the top.
            place = top / path.lstrip("/")
            for group in (place, *place.parents):
                yield Group(group, version)
                if group == top:
                    break


def _figures(file: Path) -> dict[str, int]:
    """Raises OSError and ValueError."""
    return {name: int(figure) for name, figure in (line.split() for line in file.read_text().splitlines())}
