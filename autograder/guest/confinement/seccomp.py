"""A filter on system calls: what Landlock and the spare user do not stop is refused with EPERM.

https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import platform
import socket
import struct

from autograder.guest.confinement.kernel import PR_SET_SECCOMP, prctl

FILTER = 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
SAY_DONE = REFUSE
"""The error 0: the call returns as if it had been done."""
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
NEW_NAMESPACES = 0x7E020080
"""The CLONE_NEW* flags."""
HIGH = 4
"""Bytes to the upper half of an argument; both architectures are little-endian."""

REFUSED = {
    # name: number on x86-64, on aarch64
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "pidfd_getfd": (438, 438),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "mknod": (133, None),
    "mknodat": (259, 33), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "swapon": (167, 224),
    "reboot": (169, 142), "settimeofday": (164, 170), "clock_settime": (227, 112), "acct": (163, 89), "quotactl": (179, 60),
    "syslog": (103, 116), "memfd_create": (319, 279), "process_madvise": (440, 440), "msgget": (68, 186),
    "semget": (64, 190), "shmget": (29, 194), "mq_open": (240, 180),
    # A socket with a name is another process', whatever Landlock says of files; and no file is to travel in one.
    "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202), "accept4": (288, 242),
    "sendmsg": (46, 211), "sendmmsg": (307, 269),
    # Its own are put on by now, and more of them are memory that nobody counts.
    "seccomp": (317, 277), "landlock_create_ruleset": (444, 444), "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}  # fmt: skip
"""What is refused with EPERM."""
UNDONE = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}  # fmt: skip
"""What Landlock does not look at, and what code that means no harm does with copies of files: it is told that it is
done."""
OWN = {
    # name: both numbers, and the arguments that have to be 0, which means the caller itself
    "prlimit64": (302, 261, 0), "sched_setparam": (142, 118, 0), "sched_setscheduler": (144, 119, 0),
    "sched_setaffinity": (203, 122, 0), "sched_setattr": (314, 274, 0), "setpriority": (141, 140, 0, 1),
    "ioprio_set": (251, 30, 1), "sendto": (44, 206, 4),
}  # fmt: skip
"""What is for the caller itself alone: its limits, priority and processors; and what it sends goes to no address."""
SOCKET, SOCKETPAIR, CLONE, CLONE3, PRCTL = (41, 198), (53, 199), (56, 220), (435, 435), (157, 167)
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""Machine to its number in the kernel's audit, and to the place of its numbers above."""
X32 = 0x40000000


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict() -> None:
    """Puts the filter on this thread and its children. Raises OSError where the kernel or the architecture has none."""
    if platform.machine() not in MACHINES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {platform.machine()}")
    instructions = b"".join(_program(*MACHINES[platform.machine()]))
    program = Program(len(instructions) // 8, instructions)
    prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(program))


def _program(audit: int, machine: int) -> list[bytes]:
    """Another architecture's calls end the process. Sockets are for AF_UNIX, processes for no namespaces."""
    refuse = _step(RETURN, REFUSE | errno.EPERM)
    program = [
        _step(LOAD, ARCHITECTURE),
        _step(JUMP_EQUAL, audit, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(JUMP_AT_LEAST, X32, 0, 1),
        refuse,
        # With clone3 the flags lie in memory, where a filter cannot look; without it the C library takes clone.
        *_for(CLONE3[machine], [_step(RETURN, REFUSE | errno.ENOSYS)]),
    ]
    for table, answer in ((REFUSED, refuse), (UNDONE, _step(RETURN, SAY_DONE))):
        for numbers in table.values():
            if (number := numbers[machine]) is not None:
                program += _for(number, [answer])
    for own in OWN.values():
        program += _for(own[machine], [*_unless_zero(own[2:], refuse), _step(RETURN, ALLOW)])
    for each in (SOCKET, SOCKETPAIR):
        program += _for(each[machine], _if_argument(JUMP_EQUAL, socket.AF_UNIX, _step(RETURN, ALLOW), refuse))
    program += _for(PRCTL[machine], _if_argument(JUMP_EQUAL, PR_SET_SECCOMP, refuse, _step(RETURN, ALLOW)))
    program += _for(CLONE[machine], _if_argument(JUMP_ANY_BIT, NEW_NAMESPACES, refuse, _step(RETURN, ALLOW)))
    return [*program, _step(RETURN, ALLOW)]


def _for(number: int, steps: list[bytes]) -> list[bytes]:
    """These steps, of which the last one returns, for that system call alone."""
    return [_step(JUMP_EQUAL, number, 0, len(steps)), *steps]


def _if_argument(test: int, value: int, then: bytes, otherwise: bytes) -> list[bytes]:
    """By the first argument, which is an int."""
    return [_step(LOAD, ARGUMENTS), _step(test, value, 0, 1), then, otherwise]


def _unless_zero(arguments: tuple[int, ...], answer: bytes) -> list[bytes]:
    """The answer where one of these arguments is not 0."""
    halves = [ARGUMENTS + 8 * argument + half for argument in arguments for half in (0, HIGH)]
    return [step for half in halves for step in (_step(LOAD, half), _step(JUMP_EQUAL, 0, 1, 0), answer)]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
