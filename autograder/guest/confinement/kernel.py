"""System calls that Python has no function for."""

import ctypes
import os
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_GET_SECCOMP = 21
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38


def syscall(number: int, *arguments: Any) -> int:
    """Raises OSError."""
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def keep_capabilities(which: int) -> None:
    """Leaves this thread only the capabilities of the bits `which`, in effect. Raises OSError."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    low, high = which & 0xFFFFFFFF, which >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    if _libc.capset(header, data) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def prctl(option: int, *arguments: Any) -> int:
    """Raises OSError."""
    padded = [*arguments, *[0] * (4 - len(arguments))]
    result: int = _libc.prctl(option, *(ctypes.c_ulong(each) if isinstance(each, int) else each for each in padded))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Raises OSError."""
    words = (each.encode() for each in (source, target, kind))
    if _libc.mount(*words, ctypes.c_ulong(flags), options.encode()) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def unshare(flags: int) -> None:
    """Unshares namespaces, which Python can do from 3.12 on. Raises OSError."""
    if _libc.unshare(ctypes.c_int(flags)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
