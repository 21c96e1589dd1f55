"""Runs a command in a process of its own, beside a process that only waits. The command ends in time whatever it is
caught in, also a loop inside the interpreter that no signal and no thread interrupts."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable

GRACE = 5.0
"""Seconds beyond the time limit, for writing what is left."""
_told = -1
"""The descriptor on which the command says how long it may take; -1 where no process waits."""


def watched(command: Callable[[], None], name: str) -> None:
    """Runs the command under its name, and exits as it does. Windows cannot fork: there it runs in this process."""
    if sys.platform == "win32":
        command()
        return
    global _told
    listening, _told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(listening)
        if sys.platform == "linux":
            from autograder.guest.confinement.kernel import PR_SET_PDEATHSIG, prctl

            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        command()
        return
    os.close(_told)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends the signal to both
    if not _is_over(listening):
        os.kill(child, signal.SIGKILL)  # the command's guests end with it
        os.waitpid(child, 0)
        sys.stderr.write(f"{name}: the grader did not keep to its own time limit and was stopped.\n")
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


def end_in(seconds: float) -> None:
    """From now on the command has that much time, and a little more to write what is left."""
    if _told >= 0:
        os.write(_told, f"{seconds}\n".encode())


def _is_over(listening: int) -> bool:
    """Waits until the command has ended and no process holds the other end any more; False where its time is over."""
    deadline = None
    while True:
        waiting = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([listening], [], [], waiting)[0]:
            return False
        said = os.read(listening, 100)
        if not said:
            return True
        deadline = time.monotonic() + float(said.split()[-1]) + GRACE
