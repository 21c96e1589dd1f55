"""The tables of system calls and the filter made of them, on both architectures, on an interpreter that runs the filter
as the kernel does."""

import ctypes
import ctypes.util
import errno
import re
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.guest.confinement import calls, seccomp

TABLES = {name: getattr(calls, name) for name in ("ALLOWED", "REFUSED", "UNDONE", "BY_ARGUMENT", "TOLD")}
MACHINES = list(seccomp.MACHINES.values())
HEADERS = (Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h"))
HERE = "x86_64", "aarch64"
X86_64, AARCH64 = 0xC000003E, 0xC00000B7


def run(program, number, arguments=(), audit=X86_64):
    """The kernel's return value. https://docs.kernel.org/networking/filter.html"""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, audit, 0, *(each & 2**64 - 1 for each in padded))
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, value = struct.unpack("=HBBI", program[at])
        at += 1
        match code:
            case seccomp.LOAD:
                [accumulator] = struct.unpack_from("=I", data, value)
            case seccomp.AND:
                accumulator &= value
            case seccomp.JUMP_EQUAL:
                at += if_true if accumulator == value else if_false
            case seccomp.JUMP_AT_LEAST:
                at += if_true if accumulator >= value else if_false
            case seccomp.JUMP_ANY_BIT:
                at += if_true if accumulator & value else if_false
            case seccomp.RETURN:
                return value
            case _:
                raise AssertionError(code)


def listed(audit, machine, number):
    return run(seccomp._listed(audit, machine, seccomp.TELL), number, audit=audit)


def ruled(audit, machine, name, *arguments, alone=None):
    table = next(table for table in TABLES.values() if name in table)
    return run(seccomp._ruled(audit, machine, alone), table[name][machine], arguments, audit)


def test_no_name_and_no_number_is_in_two_tables():
    names = [name for table in TABLES.values() for name in table]
    assert len(names) == len(set(names))
    for _, machine in MACHINES:
        numbers = [each[machine] for table in TABLES.values() for each in table.values() if each[machine] is not None]
        assert len(numbers) == len(set(numbers))
    assert set(calls.OWN) < set(calls.BY_ARGUMENT)


@pytest.mark.parametrize("machine", [0, 1])
def test_the_numbers_are_those_of_the_kernel(machine):
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed")
    known = dict(re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text(), re.M))
    known.setdefault("newfstatat", known.get("fstatat"))
    pairs = [(name, each[machine]) for table in TABLES.values() for name, each in table.items()]
    wrong = {name: number for name, number in pairs if name in known and str(number) != known[name]}
    assert not wrong
    assert sum(name in known for name, _ in pairs) > 250


@pytest.mark.parametrize("machine", [0, 1])
def test_the_numbers_are_those_of_libseccomp(machine):
    found = ctypes.util.find_library("seccomp")
    if not found:
        pytest.skip("libseccomp is not installed")
    audit = MACHINES[machine][0]
    resolve = ctypes.CDLL(found).seccomp_syscall_resolve_name_arch
    for table in TABLES.values():
        for name, numbers in table.items():
            theirs = resolve(ctypes.c_uint32(audit), name.encode())
            if theirs >= 0:  # otherwise it does not exist on this architecture, or is newer than the library
                assert numbers[machine] == theirs, name


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
def test_what_no_table_has_a_rule_for_is_told(audit, machine):
    numbers = {
        name: {each[machine] for each in table.values() if each[machine] is not None} for name, table in TABLES.items()
    }
    rule = numbers["ALLOWED"] | numbers["REFUSED"] | numbers["UNDONE"] | numbers["BY_ARGUMENT"]
    for number in range(700):
        assert listed(audit, machine, number) == (seccomp.ALLOW if number in rule else seccomp.TELL), number
    assert all(listed(audit, machine, number) == seccomp.TELL for number in numbers["TOLD"])


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
@given(number=st.integers(0, 2**32 - 1), arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_the_second_filter_lets_through_what_the_first_has_told(audit, machine, number, arguments):
    if listed(audit, machine, number) == seccomp.TELL and number < seccomp.X32:
        assert run(seccomp._ruled(audit, machine, None), number, arguments, audit) == seccomp.ALLOW


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
@given(arguments=st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6))
def test_whatever_their_arguments(audit, machine, arguments):
    for table, answer in (("ALLOWED", seccomp.ALLOW), ("REFUSED", seccomp.EPERM), ("UNDONE", seccomp.SAY_DONE)):
        for name, numbers in TABLES[table].items():
            if numbers[machine] is not None:
                assert ruled(audit, machine, name, *arguments) == answer, name


ALLOW, EPERM = seccomp.ALLOW, seccomp.EPERM
RULES = [
    ("clone3", (), seccomp.ENOSYS),
    ("clone", (17,), ALLOW),
    ("clone", (0x3D0F00,), ALLOW),  # a thread
    ("clone", (0x10000000 | 17,), EPERM),
    ("mmap", (0, 4096, 3, 0x22), ALLOW),
    ("mmap", (0, 4096, 3, 0x21), EPERM),
    ("mmap", (0, 4096, 3, 0x23), EPERM),  # MAP_SHARED_VALIDATE
    ("mmap", (0, 4096, 3, 0x01), ALLOW),
    ("socket", (socket.AF_UNIX,), ALLOW),
    ("socket", (2,), EPERM),
    ("socketpair", (1 << 32 | socket.AF_UNIX,), ALLOW),  # an int: the kernel does not look at the upper half
    ("socketpair", (16,), EPERM),
    ("prctl", (15, 0), ALLOW),
    ("prctl", (1, 0), EPERM),
    ("prctl", (22, 2), EPERM),
    ("ioctl", (0, 0x5401), ALLOW),
    ("ioctl", (0, 0x5412), seccomp.ENOTTY),  # types into a terminal
    ("prlimit64", (0, 7), ALLOW),
    ("prlimit64", (1, 7), EPERM),
    ("prlimit64", (1 << 32, 7), EPERM),
    ("setpriority", (0, 0, 19), ALLOW),
    ("setpriority", (2, 0, 19), EPERM),
    ("sendto", (3, 1, 1, 0, 0, 0), ALLOW),
    ("sendto", (3, 1, 1, 0, 1 << 40, 16), EPERM),
]


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
@pytest.mark.parametrize(("name", "arguments", "answer"), RULES)
def test_by_argument(audit, machine, name, arguments, answer):
    assert ruled(audit, machine, name, *arguments) == answer


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
def test_signals_among_others(audit, machine):
    for name in ("kill", "tgkill", "tkill"):
        assert ruled(audit, machine, name, 77, 9) == ALLOW
        assert ruled(audit, machine, name, 78, 9, alone=77) == EPERM
    assert ruled(audit, machine, "kill", 77, 9, alone=77) == ALLOW
    assert ruled(audit, machine, "kill", 2**32 - 1, 9, alone=77) == EPERM  # to all


@pytest.mark.parametrize(("audit", "machine"), MACHINES, ids=HERE)
def test_other_architectures(audit, machine):
    other = next(each for each, _ in MACHINES if each != audit)
    for program in (seccomp._listed(audit, machine, seccomp.TELL), seccomp._ruled(audit, machine, None)):
        assert run(program, 0, audit=other) == seccomp.KILL
        assert run(program, seccomp.X32, audit=audit) == EPERM
        assert len(program) < 4096, "the most that the kernel takes"


def test_names():
    assert seccomp.name_of(10**6) == "number 1000000"
    machine = seccomp.MACHINES[seccomp.platform.machine()][1]
    assert seccomp.name_of(calls.TOLD["timer_create"][machine]) == "timer_create"
    assert seccomp.EPERM & 0xFFFF == errno.EPERM
