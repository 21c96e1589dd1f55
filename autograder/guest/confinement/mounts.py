"""A root folder of its own, for a process that may not change to another user: no other file has a name in there.

https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
"""

import ctypes
import os
from collections.abc import Iterable, Iterator

from autograder.guest.confinement.kernel import PR_SET_DUMPABLE, keep_capabilities, mount, prctl, syscall
from autograder.guest.confinement.namespaces import NEW_USERS, leave_the_others

NEW_MOUNTS = 0x00020000
NO_SUID, NO_DEVICES, BIND, RECURSIVE, PRIVATE = 1 << 1, 1 << 2, 1 << 12, 1 << 14, 1 << 18
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
UMOUNT, SET_ATTRIBUTES = {"x86_64": 166, "aarch64": 39}, 442
DETACH, READ_ONLY, AND_BELOW = 2, 1, 0x8000
MOST_ENTRIES = 20_000
MOST_LINKS = 40


class Attributes(ctypes.Structure):
    """The kernel's struct mount_attr."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("on", "off", "propagation", "namespace"))


def enter(user: int, *, shown: Iterable[str], names: Iterable[str], scratch: str, size: int) -> None:
    """Leaves this process, as the same user, only the files and folders `shown` to read, the links on the way to
    `names`, and in the place of `scratch` an empty folder in memory that takes no more than `size` bytes.

    Raises OSError where the machine refuses.
    """
    machine = os.uname().machine
    leave_the_others(user, NEW_USERS | NEW_MOUNTS)
    mount("none", "/", "", RECURSIVE | PRIVATE)
    scratch = os.path.realpath(scratch)
    shown = list(shown)
    links = (link for name in (*shown, *names) for link in _links(name))
    places = sorted({*map(os.path.realpath, shown), *links})  # a folder comes before the folders that it holds
    root = scratch  # what is hidden below it needs no mount
    mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEVICES, "mode=755,size=4m")
    for place in places:
        _show(place, root)
    own = _below(root, scratch)
    os.makedirs(own, exist_ok=True)
    attributes = Attributes(on=READ_ONLY)
    path, length = root.encode(), ctypes.sizeof(attributes)
    syscall(SET_ATTRIBUTES, -100, path, AND_BELOW, ctypes.byref(attributes), ctypes.c_size_t(length))
    mount("tmpfs", own, "tmpfs", NO_SUID | NO_DEVICES, f"mode=700,size={size},nr_inodes={MOST_ENTRIES}")
    os.chdir(root)
    syscall(PIVOT_ROOT[machine], b".", b".")
    syscall(UMOUNT[machine], b".", DETACH)
    os.chdir(scratch)
    keep_capabilities(0)
    prctl(PR_SET_DUMPABLE, 1)  # the grader has to see what the guest uses


def _show(place: str, root: str) -> None:
    """Mounts it at the same place below the new root; a link stays a link."""
    there = _below(root, place)
    if os.path.lexists(there) or not os.path.lexists(place):
        return
    os.makedirs(os.path.dirname(there), exist_ok=True)
    if os.path.islink(place):
        os.symlink(os.readlink(place), there)
        return
    if os.path.isdir(place):
        os.mkdir(there)
    else:
        os.close(os.open(there, os.O_CREAT | os.O_WRONLY, 0o600))
    mount(place, there, "", BIND | RECURSIVE)


def _links(path: str, followed: int = 0) -> Iterator[str]:
    """All links that are followed to get there."""
    head = ""
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts, start=1):
        folder, head = head or "/", f"{head}/{part}"
        if os.path.islink(head) and followed < MOST_LINKS:
            yield head
            leads = os.path.normpath(os.path.join(folder, os.readlink(head), *parts[number:]))
            yield from _links(leads, followed + 1)
            return


def _below(root: str, place: str) -> str:
    return os.path.join(root, place.lstrip("/"))
