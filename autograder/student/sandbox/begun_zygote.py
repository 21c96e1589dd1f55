"""Begins a zygote with few imports, so that it can begin before the command has imported everything else."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

from autograder.guest.control_groups import own_group
from autograder.guest.supervision import MEBIBYTE, allowance_here
from autograder.student.sandbox import host
from autograder.student.sandbox.reservation import Reservation

ZYGOTE = 768 * MEBIBYTE
"""Memory that the kernel allows beyond a guest's limit: for the zygote, and some more, so that a guest is told what it
has done before it is killed."""


class BegunZygote:
    """A zygote's process, which imports the module `environment`, and everything that belongs to it alone."""

    def __init__(self, environment: str) -> None:
        """Raises SandboxError."""
        self.environment = environment
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Guests of one zygote come one after the other, so one user is enough.
        self.reservation = Reservation()
        home = os.path.join(self.reservation.folder, "zygote")
        os.mkdir(home, 0o700)
        self.allowance = allowance_here()
        self.group = own_group(self.reservation.group, self.allowance.memory + ZYGOTE)
        """The group in which the kernel counts the memory of guests; None where none can be had."""
        text = host.START.format(module="autograder.guest.zygote")
        numbers = (str(each) for each in (theirs.fileno(), self.reservation.user, self.reservation.killer))
        group = str(self.group.place) if self.group else ""
        arguments = [host.OWN_FOLDER, environment, *numbers, group]
        self.process = subprocess.Popen(
            # -P and -s keep the current folder and the user's packages off the path. Not -I: it would ignore
            # PYTHONHASHSEED. Where several copies of the grader are installed, guests run the same copy as the host.
            [sys.executable, "-P", "-s", "-c", text, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            cwd=home,
            env=_clean_environment(home),
            start_new_session=True,
        )
        theirs.close()

    def close(self) -> None:
        """Ends the zygote and its guests, and removes its folder."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self.reservation.close()


def _clean_environment(folder: str) -> dict[str, str]:
    """The environment without the grader's own variables."""
    places = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"}
    return {**places, **host.SETTINGS}
