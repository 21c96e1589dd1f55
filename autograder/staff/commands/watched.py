"""Runs a command in a process of its own beside one that only waits: whatever the first is caught in, be it a loop
inside the interpreter that no signal and no thread gets through, it ends in time."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable

GRACE = 5.0
"""Seconds beyond the time limit for what remains to be written."""
_told = -1
"""Where the command says how long it may take; -1 where nobody waits."""


def watched(command: Callable[[], None], name: str) -> None:
    """Runs the command, which people call by that name, and exits as it does. Windows cannot fork: it runs here."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both
    if not _is_over(listening):
        os.kill(child, signal.SIGKILL)  # its guests go with it
        os.waitpid(child, 0)
        sys.stderr.write(f"{name}: the grader did not keep to its own time limit and was stopped.\n")
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


def end_in(seconds: float) -> None:
    """From now on the command has so much time, and a little more to write what remains."""
    if _told >= 0:
        os.write(_told, f"{seconds}\n".encode())


def _is_over(listening: int) -> bool:
    """Waits until the command has ended, and nobody holds the other end any more; False where its time is over."""
    deadline = None
    while True:
        waiting = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not select.select([listening], [], [], waiting)[0]:
            return False
        said = os.read(listening, 100)
        if not said:
            return True
        deadline = time.monotonic() + float(said.split()[-1]) + GRACE
