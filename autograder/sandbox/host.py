"""The trusted side: starts the zygote, has it fork guests, and ends them."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal

import autograder
from autograder.sandbox.namespace import Source
from autograder.sandbox.session import Guest, Session
from autograder.sandbox.supervision import processes_of

START_SECONDS = 180.0
"""A zygote that has not finished its imports by then never will; half a processor needs about 20 s."""
CLEAR_SECONDS = 20.0
FIRST_USER, USERS = 60_000, 2_500
"""Numbers of users that machines do not use; the next as many are for killing, see the zygote."""
OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(autograder.__file__)))
START = """
import sys
folder = sys.argv.pop(1)
if folder not in sys.path:
    sys.path.insert(0, folder)
from autograder.sandbox.zygote import main
main()
"""
Confinement = Literal["strict", "best", "none"]


class SandboxError(Exception):
    """The sandbox itself does not work on this machine; no fault of the submission."""


class Zygote:
    """One process with torch imported, from which every guest is forked. Use as a context manager.

    Starting returns at once: the imports run while the caller does other things, and the first `open` waits for them.

    `confinement`: with "best" guests get every layer that works on this machine; with "strict" none is opened where one
    does not; with "none" they run unconfined, as the grader's own user.
    """

    def __init__(self, environment: str, confinement: Confinement = "best") -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._folder = tempfile.TemporaryDirectory(prefix="ps7-guest-", ignore_cleanup_errors=True)
        self._confinement = confinement
        self._ready: dict[str, Any] = {}
        self._ended: dict[int, int] = {}
        # Guests of one zygote come one after the other, so one user is enough.
        self._user = FIRST_USER + os.getpid() % USERS
        asked = "none" if confinement == "none" else str(self._user)
        self._process = subprocess.Popen(
            # -P and -s keep the current folder and the user's packages off the path. Not -I: it would ignore
            # PYTHONHASHSEED. Where several copies of the grader are installed, guests run the host's.
            [sys.executable, "-P", "-s", "-c", START, OWN_FOLDER, environment, str(theirs.fileno()), asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            cwd=self._folder.name,
            env=_clean_environment(self._folder.name),
            start_new_session=True,
        )
        theirs.close()

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._process.pid

    def open(self, probes: str, program: Sequence[Source], seconds: float) -> "Session":
        """Forks a guest and has it execute `program`; `probes` names the module that its questions are functions of.

        Raises SandboxError where no guest can be had. What the program does shows in the session's first outcome.
        """
        user = self._user if "uid" in self.layers else None
        scratch = tempfile.mkdtemp(prefix="ps7-scratch-")
        if user is not None:
            os.chown(scratch, user, user)
        order = json.dumps({"fork": self._user, "scratch": scratch}).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            socket.send_fds(self._control, [order], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise SandboxError(f"the zygote is gone: {error}") from None
        finally:
            theirs.close()
        guest = Guest(self._expect("forked")["forked"], user, scratch)
        return Session(guest, self, ours, probes, tuple(program), seconds)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of confinement in force. Waits for the zygote.

        Raises SandboxError where it does not start, or where a strict one lacks a layer.
        """
        trial = self._started()["trial"]
        absent = [f"{name} ({wrong})" for name, wrong in trial.items() if wrong]
        if self._confinement == "strict" and absent:
            raise SandboxError(
                f"this machine lacks {', '.join(absent)}, and nothing less than all layers was asked for"
            )
        return tuple(name for name, wrong in trial.items() if not wrong)

    @property
    def unit(self) -> float:
        """Seconds that the environment's fixed piece of work takes here: how fast this machine is. Waits for the
        zygote. Raises SandboxError where it does not start."""
        return float(self._started()["unit"])

    def _started(self) -> dict[str, Any]:
        if not self._ready:
            ready = self._expect("ready", START_SECONDS)
            if ready["package"] != autograder.__file__:
                raise SandboxError(
                    f"guests would run another copy of the grader ({ready['package']}) than this one "
                    f"({autograder.__file__}); install this one, or leave the folder that holds it"
                )
            self._ready = ready
        return self._ready

    def exit_code(self, guest: Guest, seconds: float = 2.0) -> int | None:
        """How a guest ended, as subprocess gives it (negative: a signal); None where it has not within `seconds`."""
        deadline = time.monotonic() + seconds
        while guest.pid not in self._ended and self._listen(deadline - time.monotonic()) is not None:
            pass
        return self._ended.get(guest.pid)

    def end(self, guest: Guest) -> None:
        """Kills the guest with all that it has started, and removes its scratch folder."""
        if not os.path.lexists(guest.scratch):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(guest.pid, signal.SIGKILL)
        if guest.user is not None:
            deadline = time.monotonic() + CLEAR_SECONDS
            while True:
                self._control.send(json.dumps({"clear": guest.user}).encode())
                self._expect("cleared")
                if not processes_of(guest.user) or time.monotonic() > deadline:
                    break
                time.sleep(0.002)  # a process that is killed still needs its turn to die
        # Not shutil.rmtree, which a deep tree of folders brings down.
        subprocess.run(["rm", "-rf", "--", guest.scratch], check=False, stderr=subprocess.DEVNULL, timeout=60)

    def _expect(self, word: str, seconds: float = 30.0) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            message = self._listen(deadline - time.monotonic())
            if message is None:
                raise SandboxError(f"the grading process did not start: {self._last_words()}")
            if word in message:
                return message

    def _listen(self, seconds: float) -> dict[str, Any] | None:
        if not select.select([self._control], [], [], max(seconds, 0))[0]:
            return None
        packet = self._control.recv(4096)
        if not packet:
            return None
        message: dict[str, Any] = json.loads(packet)
        if "ended" in message:
            self._ended[message["ended"]] = message["code"]
        return message

    def _last_words(self) -> str:
        try:
            self._process.wait(timeout=2)  # its end of the socket closes a moment before it is gone
        except subprocess.TimeoutExpired:
            return "no answer in time"
        assert self._process.stderr is not None
        lines = self._process.stderr.read(20_000).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {self._process.returncode}"


def _clean_environment(folder: str) -> dict[str, str]:
    """Nothing of the grader's own environment, one thread, no colour, the same hashes in every run."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "agg",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
