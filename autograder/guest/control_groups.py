"""What the machine's administrator, or a container, lets this process use: Linux's control groups of either version."""

import contextlib
from pathlib import Path

FOLDER = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def memory_limit(own: Path = OWN, folder: Path = FOLDER) -> int | None:
    """Bytes of memory for this process together with all others in its group, the least of those set for it and for the
    groups around; None where none is set, or can be seen."""
    limits = []
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                top, name = folder, "memory.max"
            elif "memory" in controllers.split(","):
                top, name = folder / "memory", "memory.limit_in_bytes"
            else:
                continue
            # A container that has no namespace for groups is told a path of the machine's, and sees its own at the top.
            place = top / path.lstrip("/")
            for group in (place, *place.parents):
                with contextlib.suppress(OSError, ValueError):  # "max" is no number, and sets no limit
                    limits.append(int((group / name).read_text()))
                if group == top:
                    break
    return min(limits, default=None)
