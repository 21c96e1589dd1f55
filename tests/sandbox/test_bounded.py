"""A function that runs within limits returns its value or is stopped; the process that asks goes on."""

import contextlib
import os
import signal
import sys
import time

import numpy as np
import psutil
import pytest

from autograder.guest.outcomes import Ended, Outcome, Raised, Reply
from autograder.student.sandbox.bounded import Exhausted, Failed, bounded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks a process for it")


def again(depth: int = 0) -> int:
    return again(depth + 1)


def kill(number: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    "outcome", [Reply({"a": 1.5, "b": [None, "c"]}, {"d": np.arange(6.0).reshape(2, 3)}), Raised("A", "b"), Ended("c")]
)
def test_brings_back_what_the_function_returns(outcome):
    back = bounded(lambda: outcome, answer=Outcome)
    assert type(back) is type(outcome)
    if isinstance(outcome, Reply):
        assert back.facts == outcome.facts
        assert np.array_equal(back.arrays["d"], outcome.arrays["d"])
    else:
        assert back == outcome


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: time.sleep(60), "reading it took more than 1 seconds"),
        (again, "nested too deeply"),
        (lambda: kill(signal.SIGSEGV), "nested too deeply"),
        (lambda: kill(signal.SIGKILL), "of memory"),
        (lambda: bytearray(8 << 30), "of memory"),
        (lambda: b"x" * (257 << 20), "seconds"),
    ],
)
def test_what_takes_too_much_is_stopped(function, reason):
    started = time.monotonic()
    with pytest.raises(Exhausted, match=reason):
        bounded(function, answer=bytes, seconds=1)
    assert time.monotonic() - started < 10


def test_a_mistake_of_ours_comes_with_its_traceback():
    with pytest.raises(Failed, match="division") as caught:
        bounded(lambda: 1 / 0, answer=float)
    assert "ZeroDivisionError" in caught.value.fault.trace


def test_leaves_no_process_and_no_descriptor():
    before, children = os.listdir("/proc/self/fd"), psutil.Process().children()
    for function in (lambda: 1, lambda: kill(signal.SIGKILL)):
        with contextlib.suppress(Exhausted):
            bounded(function, answer=int, seconds=5)
    assert os.listdir("/proc/self/fd") == before
    assert psutil.Process().children() == children
