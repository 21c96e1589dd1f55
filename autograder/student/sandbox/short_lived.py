"""A forked process that runs one function, returns its value, and may die without harm."""

import faulthandler
import gc
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import numpy as np

from autograder.guest.confinement.kernel import PR_SET_PDEATHSIG, prctl
from autograder.guest.outcomes import Array, Fault, fault
from autograder.student.sandbox.bounds import Exhausted, Failed

T = TypeVar("T")
MEBIBYTE = 1024 * 1024
MEMORY = 1024 * MEBIBYTE
"""Bytes of address space, beyond what the grader itself has mapped."""
MOST_BYTES = 256 * MEBIBYTE
_DONE, _TOO_MUCH, _FAILED = b"dmf"


def in_short_lived_process(function: Callable[..., T], arguments: tuple[Any, ...], answer: Any, seconds: float) -> T:
    """The function's value, decoded as the type `answer`. Raises Exhausted where it takes more than `seconds` or than
    its share of memory, and Failed where it raises an exception."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _restrict()
            _write(writing, _answered(function, arguments))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        said = _read(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if said is None:
        raise Exhausted(f"reading it took more than {seconds:.0f} seconds")
    if said[:1] == bytes([_DONE]):
        result: T = msgspec.msgpack.decode(said[1:], type=answer, dec_hook=_array)
        return result
    if said[:1] == bytes([_FAILED]):
        raise Failed(msgspec.msgpack.decode(said[1:], type=Fault))
    if not said and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV:
        raise Exhausted("it is nested too deeply")
    raise Exhausted(said[1:].decode() or f"reading it took more than {MEMORY // MEBIBYTE} MB of memory")


def _restrict() -> None:
    """Makes it end with the grader, be the first to go where memory is short, and take no more than its share."""
    faulthandler.disable()
    gc.freeze()  # otherwise a collection would go through all that the grader holds, and so copy it
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    with open("/proc/self/statm") as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + MEMORY
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answered(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    try:
        return bytes([_DONE]) + msgspec.msgpack.encode(function(*arguments), enc_hook=_bytes)
    except RecursionError:
        return bytes([_TOO_MUCH]) + b"it is nested too deeply"
    except MemoryError:
        return bytes([_TOO_MUCH])
    except Exception as error:
        return bytes([_FAILED]) + msgspec.msgpack.encode(fault(error))


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int, deadline: float) -> bytes | None:
    """Everything up to the end; None where that does not come in time, or is longer than any answer of ours."""
    said = bytearray()
    while len(said) <= MOST_BYTES:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return None
        part = os.read(descriptor, MEBIBYTE)
        if not part:
            return bytes(said)
        said += part
    return None


def _bytes(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    raise TypeError(f"no data: {type(value)}")


def _array(_: Any, parts: Any) -> Array:
    kind, shape, data = parts
    return np.frombuffer(data, kind).reshape(shape)
