"""The trusted side: starts the zygote, has it fork guests, asks them with a deadline, and ends them."""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import msgspec

from autograder.sandbox import wire
from autograder.sandbox.guest import Answer, Ask, Load
from autograder.sandbox.namespace import Source
from autograder.sandbox.outcomes import Ended, Missing, Outcome, Raised, Reply

START_SECONDS = 180.0
"""A zygote that has not finished its imports by then never will; half a processor needs about 20 s."""


class SandboxError(Exception):
    """The sandbox itself does not work on this machine; no fault of the submission."""


class Zygote:
    """One process with torch imported, from which every guest is forked. Use as a context manager.

    Starting returns at once: the imports run while the caller does other things, and the first `open` waits for them.
    """

    def __init__(self, environment: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._folder = tempfile.TemporaryDirectory(prefix="ps7-guest-", ignore_cleanup_errors=True)
        self._ready = False
        self._ended: dict[int, int] = {}
        self._process = subprocess.Popen(
            # -P and -s keep the current folder and the user's packages off the path. Not -I: it would ignore
            # PYTHONHASHSEED.
            [sys.executable, "-P", "-s", "-m", "autograder.sandbox.zygote", environment, str(theirs.fileno())],
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
        self._await_ready()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise SandboxError(f"the zygote is gone: {error}") from None
        finally:
            theirs.close()
        pid = self._expect("forked")
        return Session(self, pid, ours, probes, tuple(program), seconds)

    def exit_code(self, pid: int, seconds: float = 2.0) -> int | None:
        """How a guest ended, as subprocess gives it (negative: a signal); None where it has not within `seconds`."""
        deadline = time.monotonic() + seconds
        while pid not in self._ended and self._listen(deadline - time.monotonic()) is not None:
            pass
        return self._ended.get(pid)

    def _await_ready(self) -> None:
        if not self._ready:
            self._expect("ready", START_SECONDS)
            self._ready = True

    def _expect(self, word: str, seconds: float = 30.0) -> int:
        deadline = time.monotonic() + seconds
        while True:
            message = self._listen(deadline - time.monotonic())
            if message is None:
                raise SandboxError(f"the grading process did not start: {self._last_words()}")
            if word in message:
                return message[word]

    def _listen(self, seconds: float) -> dict[str, int] | None:
        if not select.select([self._control], [], [], max(seconds, 0))[0]:
            return None
        packet = self._control.recv(4096)
        if not packet:
            return None
        message: dict[str, int] = json.loads(packet)
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


class Session:
    """One guest with one program loaded. `loaded` says how loading went; after an end every answer is that end."""

    def __init__(
        self,
        zygote: Zygote,
        pid: int,
        connection: socket.socket,
        probes: str,
        program: tuple[Source, ...],
        seconds: float,
    ) -> None:
        self._zygote, self._pid, self._connection = zygote, pid, connection
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._end: Ended | None = None
        nonce = secrets.token_hex(16)
        self.loaded = self._exchange(Load(nonce=nonce, probes=probes, program=program))

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, probe: str, arguments: Mapping[str, Any]) -> Outcome:
        """Puts one probe to the guest. Never raises for anything that the guest does."""
        return self._exchange(Ask(nonce=secrets.token_hex(16), probe=probe, arguments=dict(arguments)))

    def close(self) -> None:
        """Kills the guest and whatever is left of its process group."""
        self._connection.close()
        self._kill()

    def _exchange(self, request: Load | Ask) -> Outcome:
        if self._end is not None:
            return self._end
        try:
            remaining = self._deadline - time.monotonic()
            self._connection.settimeout(max(remaining, 0.001))
            wire.send(self._connection, msgspec.json.encode(request))
            self._connection.settimeout(None)
            header, arrays = wire.receive(self._connection, wire.REPLY, self._deadline)
            answer = msgspec.json.decode(header, type=Answer)
            if answer.nonce != request.nonce:
                raise wire.WireError("an answer to another question")
        except (wire.Late, TimeoutError):
            return self._ended(f"the code was still running after {self._seconds:.0f} s and was stopped")
        except (wire.Closed, ConnectionError):
            return self._ended(self._how_it_ended())
        except (wire.WireError, msgspec.MsgspecError, RecursionError, ValueError) as error:
            return self._ended(f"the code interfered with the grader's own messages ({str(error)[:120]})")
        if isinstance(answer.outcome, Raised | Missing):
            return answer.outcome
        return Reply(facts=answer.outcome.facts, arrays=arrays)

    def _ended(self, reason: str) -> Ended:
        self._kill()
        self._end = Ended(reason=reason)
        return self._end

    def _how_it_ended(self) -> str:
        code = self._zygote.exit_code(self._pid)
        if code is None:
            return "the code closed its connection to the grader"
        if code >= 0:
            return f"the code ended the Python process (exit code {code})"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"the Python process crashed ({name})"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)


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
