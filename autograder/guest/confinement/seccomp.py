"""A filter on system calls: a guest can make those that are listed; the others are refused with EPERM.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
from collections.abc import Iterable, Mapping

from autograder.guest.confinement.calls import ALLOWED, BY_ARGUMENT, OWN, REFUSED, TOLD, UNDONE
from autograder.guest.confinement.kernel import PR_GET_SECCOMP, PR_SET_SECCOMP, prctl, syscall

FILTER, SET_FILTER, NEW_LISTENER = 2, 1, 1 << 3
ALLOW, TELL, REFUSE, KILL = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x80000000
SAY_DONE = REFUSE
"""The error number 0: the call returns as if it had been done."""
EPERM, ENOSYS, ENOTTY = (REFUSE | error for error in (errno.EPERM, errno.ENOSYS, errno.ENOTTY))
LOAD, AND, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
HIGH = 4
"""Offset in bytes of the upper half of an argument; both architectures are little-endian."""
X32 = 0x40000000
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Maps an architecture to its number in the kernel's audit, and to the column of its numbers in the tables."""

NEW_NAMESPACES = 0x7E020080
"""The CLONE_NEW* flags."""
SHARED_WITHOUT_A_FILE = 0x21
"""MAP_SHARED and MAP_ANONYMOUS: memory that remains when no process has it mapped any more."""
OF_ITSELF = (2, 3, 15, 16, 21, 23, 27, 30, 39, 0x53564D41)
"""The prctl calls that only ask, and those that name threads and memory. Not those that end a guest with its parent or
keep other processes from looking into it."""
OF_ANY_FILE = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451, 0x40049409)
"""The ioctl calls that ask whether this is a terminal, how large it is and how much there is to read; those that set
the same flags as fcntl; and the copy of a file."""

SECCOMP = (317, 277)
RECEIVE, ANSWER = 0xC0502100, 0xC0182101
"""SECCOMP_IOCTL_NOTIF_RECV and SECCOMP_IOCTL_NOTIF_SEND."""


class Program(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refusal() -> str:
    """The reason why this machine has no filter; "" where it has."""
    if platform.machine() not in MACHINES:
        return f"no table of system calls for {platform.machine()}"
    try:
        prctl(PR_GET_SECCOMP)
    except OSError:
        return "the kernel is built without it"
    return ""


def restrict(told: int = -1, alone: int | None = None) -> None:
    """Puts the filters on this thread and its children. Raises OSError where the kernel or the architecture has none.

    `told`: a socket that receives the descriptor of a `Listener`, which is told the calls that no table lists; -1 for
    no listener. `alone`: this process' number where only the filter keeps it from sending signals to other processes.
    """
    if why := refusal():
        raise OSError(errno.ENOSYS, why)
    audit, machine = MACHINES[platform.machine()]
    # Two filters, of which the stricter answer counts. With the second one on, the listener could no longer be sent
    # through a socket.
    if told < 0 or not _told(told, _listed(audit, machine, TELL)):
        prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(_assembled(_listed(audit, machine, EPERM))))
    prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(_assembled(_ruled(audit, machine, alone))))


def _told(told: int, program: list[bytes]) -> bool:
    """Whether this kernel can tell a listener (Linux 5.0)."""
    try:
        where = SECCOMP[MACHINES[platform.machine()][1]]
        listener = syscall(
            where, ctypes.c_uint(SET_FILTER), ctypes.c_uint(NEW_LISTENER), ctypes.byref(_assembled(program))
        )
    except OSError:
        return False
    with socket.socket(fileno=os.dup(told)) as connection:
        socket.send_fds(connection, [b"."], [listener])
    os.close(listener)
    return True


class Listener:
    """Receives the calls that no table lists, of a guest and of all processes that it has started."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._events = select.poll()
        self._events.register(descriptor, select.POLLIN)

    def fileno(self) -> int:
        """The descriptor, for selectors."""
        return self.descriptor

    def refuse_next(self) -> str | None:
        """Refuses the waiting call and returns its name, or its number where no table has it. Returns "" where the
        caller is gone, and None where no process is left that could make a call."""
        # A read where no call waits would block for ever.
        events = dict(self._events.poll(0)).get(self.descriptor, 0)
        if not events & select.POLLIN:
            return None if events else ""
        request = bytearray(80)
        try:
            fcntl.ioctl(self.descriptor, RECEIVE, request)
            identity, _, _, number = struct.unpack_from("=QIIi", request)
            fcntl.ioctl(self.descriptor, ANSWER, struct.pack("=QqiI", identity, 0, -errno.EPERM, 0))
        except OSError:
            return ""
        return name_of(number)

    def close(self) -> None:
        """A process that makes such a call from now on is told that the kernel does not have it."""
        os.close(self.descriptor)


def name_of(number: int) -> str:
    """A system call's name on this machine, or its number where no table has it."""
    machine = MACHINES[platform.machine()][1]
    return next((name for name, numbers in TOLD.items() if numbers[machine] == number), f"number {number}")


def _listed(audit: int, machine: int, otherwise: int) -> list[bytes]:
    """A filter that allows the calls for which any of the tables has a rule."""
    known = [each for table in (ALLOWED, REFUSED, UNDONE, BY_ARGUMENT) for each in table.values()]
    numbers = [each[machine] for each in known]
    return [*_beginning(audit), *_sorted_out(dict.fromkeys((n for n in numbers if n is not None), ALLOW), otherwise)]


def _ruled(audit: int, machine: int, alone: int | None) -> list[bytes]:
    """The rules for the calls that are listed."""
    rules = {
        # clone3 has its flags in memory, where a filter cannot look. Without clone3 the C library uses clone.
        "clone3": [_step(RETURN, ENOSYS)],
        "clone": [_argument(0), _step(JUMP_ANY_BIT, NEW_NAMESPACES, 0, 1), *_either(EPERM, ALLOW)],
        "mmap": [
            _argument(3),
            _step(AND, SHARED_WITHOUT_A_FILE),
            _step(JUMP_EQUAL, SHARED_WITHOUT_A_FILE, 0, 1),
            *_either(EPERM, ALLOW),
        ],
        "socket": _among(0, [socket.AF_UNIX], EPERM),
        "socketpair": _among(0, [socket.AF_UNIX], EPERM),
        "prctl": _among(0, OF_ITSELF, EPERM),
        "ioctl": _among(1, OF_ANY_FILE, ENOTTY),
        **{name: [*_unless_zero(arguments), _step(RETURN, ALLOW)] for name, arguments in OWN.items()},
    }
    for signalling in ("kill", "tgkill"):
        # A child process has another number; but where that matters, the processes of others are more important.
        rules[signalling] = [_step(RETURN, ALLOW)] if alone is None else _among(0, [alone], EPERM)
    rules["tkill"] = [_step(RETURN, ALLOW if alone is None else EPERM)]
    program = _beginning(audit)
    for name, steps in rules.items():
        program += _for(BY_ARGUMENT[name][machine], steps)
    answers = {each[machine]: EPERM for each in REFUSED.values()} | {
        each[machine]: SAY_DONE for each in UNDONE.values()
    }
    return [*program, *_sorted_out({n: answer for n, answer in answers.items() if n is not None}, ALLOW)]


def _beginning(audit: int) -> list[bytes]:
    """Calls of another architecture end the process; those of the x32 variant are refused."""
    return [
        _step(LOAD, ARCHITECTURE),
        _step(JUMP_EQUAL, audit, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(JUMP_AT_LEAST, X32, 0, 1),
        _step(RETURN, EPERM),
    ]


def _sorted_out(answers: Mapping[int, int], otherwise: int) -> list[bytes]:
    """The numbers in order, in runs that have the same answer."""
    program = []
    ends = sorted({end for number in answers for end in (number, number + 1)})
    for end, following in zip(ends, [*ends[1:], None], strict=True):
        answer = answers.get(end - 1, otherwise)
        if following is None or answer != answers.get(following - 1, otherwise):
            program += [_step(JUMP_AT_LEAST, end, 1, 0), _step(RETURN, answer)]
    return [*program, _step(RETURN, otherwise)]


def _for(number: int | None, steps: list[bytes]) -> list[bytes]:
    """These steps for one system call only; the last step returns."""
    return [] if number is None else [_step(JUMP_EQUAL, number, 0, len(steps)), *steps]


def _among(argument: int, values: Iterable[int], otherwise: int) -> list[bytes]:
    """Allowed where this argument, which is an int, has one of these values."""
    allowed = [step for value in values for step in (_step(JUMP_EQUAL, value, 0, 1), _step(RETURN, ALLOW))]
    return [_argument(argument), *allowed, _step(RETURN, otherwise)]


def _unless_zero(arguments: Iterable[int]) -> list[bytes]:
    """Refused where one of these arguments is not 0."""
    halves = [(argument, half) for argument in arguments for half in (0, HIGH)]
    return [step for each in halves for step in (_argument(*each), _step(JUMP_EQUAL, 0, 1, 0), _step(RETURN, EPERM))]


def _argument(number: int, half: int = 0) -> bytes:
    return _step(LOAD, ARGUMENTS + 8 * number + half)


def _either(then: int, otherwise: int) -> list[bytes]:
    return [_step(RETURN, then), _step(RETURN, otherwise)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _assembled(program: list[bytes]) -> Program:
    return Program(len(program), b"".join(program))
