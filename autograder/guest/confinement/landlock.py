"""Landlock: which files can be read, where files can be written; no TCP, no abstract sockets, no signals to other
processes.

https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
from collections.abc import Iterable

from autograder.guest.confinement.kernel import syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the numbers are the same on every architecture
ASK_VERSION = 1
BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
IOCTL_DEV = 1 << 15
RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many of the rights to files a version of Landlock knows; the rights are numbered in the order in which they were
added."""
READING = EXECUTE | READ_FILE | READ_DIR
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | IOCTL_DEV
NO_TCP = 0b11
NO_ABSTRACT_SOCKETS_NO_SIGNALS = 0b11
SCOPED = 6
"""The first version that knows the last two: abstract sockets and signals."""


class Ruleset(ctypes.Structure):
    """The kernel's struct landlock_ruleset_attr."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class Beneath(ctypes.Structure):
    """The kernel's struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The version that the kernel offers. Raises OSError where the kernel has no Landlock, or where it is switched
    off."""
    return syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(ASK_VERSION))


def refusal() -> str:
    """The reason why this machine has no Landlock; "" where it has."""
    try:
        version()
    except OSError as error:
        return str(error)
    return ""


def keeps_signals() -> bool:
    """Whether the kernel's version stops signals to processes outside."""
    try:
        return version() >= SCOPED
    except OSError:
        return False


def restrict(readable: Iterable[str], writable: Iterable[str], usable: Iterable[str]) -> None:
    """Restricts this thread and its children: they can read below `readable`, do everything below `writable`, and use
    the files `usable`. Raises OSError."""
    offered = version()
    every = (1 << RIGHTS_BY_VERSION.get(offered, 16)) - 1
    rules = Ruleset(every, NO_TCP if offered >= 4 else 0, NO_ABSTRACT_SOCKETS_NO_SIGNALS if offered >= SCOPED else 0)
    size = 8 if offered < 4 else 16 if offered < SCOPED else 24
    ruleset = syscall(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for paths, rights in ((readable, READING), (writable, every), (usable, READ_FILE | WRITE_FILE)):
            for path in paths:
                _allow(ruleset, path, rights & every)
        syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        rule = Beneath(rights if os.path.isdir(path) else rights & OF_A_FILE, parent)
        syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(parent)
