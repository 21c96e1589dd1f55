"""Unconfined guests, for every system: a process with torch imported that serves one program after the other.

It is started again where something has ended it, and where it could not restore itself. It is for a student's own
machine, which needs no protection from the student.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psutil

from autograder.guest import wire
from autograder.guest.answering import Header, Leave
from autograder.guest.namespace import Source
from autograder.guest.outcomes import ReplyHeader
from autograder.guest.supervision import Allowance, Usage
from autograder.student.sandbox import host
from autograder.student.sandbox.begun_plain import BegunPlain, remove
from autograder.student.sandbox.early import begun
from autograder.student.sandbox.host import START_SECONDS, Sandbox, SandboxError
from autograder.student.sandbox.session import Session

ALLOWANCE = Allowance()
RESTORE_SECONDS = 10.0


class PlainGuest:
    """A process for any number of programs. Starting returns at once."""

    def __init__(self, environment: str) -> None:
        self._begun = begun(BegunPlain, environment)
        self.scratch, self.process = self._begun.scratch, self._begun.process
        self._said: Mapping[str, Any] | None = None
        self._farewell = ""
        """The nonce that ended the last session."""
        self._size = 0
        self.connection = socket.socket()

    def ready(self) -> Mapping[str, Any]:
        """What it says about itself once its imports are done. Raises SandboxError where they fail."""
        if self._said is not None:
            return self._said
        deadline = time.monotonic() + START_SECONDS
        try:
            self.connection = self._accept(deadline)
            self._said = self._hear("", deadline)
        except (OSError, wire.WireError, msgspec.MsgspecError):
            raise SandboxError(f"the grading process did not start: {host.last_words(self.process)}") from None
        self._size = self._memory()
        return self._said

    def watch(self) -> float:
        """Checks what it uses. Raises Excess."""
        ALLOWANCE.compare_count(len(self._tree()))
        ALLOWANCE.compare(Usage(self._memory() - self._size), self.scratch)
        return wire.MEANWHILE

    def exit_code(self) -> int | None:
        """How it ended; None where it has not ended within two seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout=2)
        return None

    def asked(self) -> Sequence[str]:
        """Empty: nothing refuses it any call."""
        return ()

    def starved(self) -> None:
        """Empty: the kernel ends nothing for a limit of ours."""

    def full(self) -> None:
        """Empty: other programs use the same disk."""

    def leave(self) -> None:
        """Makes it restore itself while the host does something else; see `is_as_new`."""
        if self.process.poll() is not None:
            return self.end()
        for child in _below(self.ready()["pid"]):
            _kill(child)
        self._farewell = secrets.token_hex(16)
        try:
            wire.send(self.connection, msgspec.json.encode(Leave(nonce=self._farewell)))
        except OSError:
            self.end()

    def is_as_new(self) -> bool:
        """Whether it can be given another program."""
        if self.process.poll() is None and self._farewell:
            try:
                self._hear(self._farewell, time.monotonic() + RESTORE_SECONDS)
            except (OSError, wire.WireError, msgspec.MsgspecError):
                self.end()
                return False
            for entry in os.scandir(self.scratch):
                remove(entry.path)
            self._farewell = ""
        return self.process.poll() is None

    def end(self) -> None:
        """Kills it with everything that it has started, and removes its scratch folder."""
        if self.process.poll() is None:  # otherwise another process may have its number by now
            for process in reversed(self._tree()):
                _kill(process)
        self.connection.close()
        self._begun.close()

    def _accept(self, deadline: float) -> socket.socket:
        """The connection of the process that knows the secret. Raises OSError."""
        self._begun.listening.settimeout(0.2)
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(TimeoutError):
                connection, _ = self._begun.listening.accept()
                connection.settimeout(5)
                said = b""
                while len(said) < len(self._begun.secret) and (part := connection.recv(len(self._begun.secret))):
                    said += part
                if secrets.compare_digest(said, self._begun.secret):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return connection
                connection.close()
        raise OSError("nobody called")

    def _hear(self, nonce: str, deadline: float) -> Mapping[str, Any]:
        answer = msgspec.json.decode(wire.receive(self.connection, wire.REPLY, deadline)[0], type=Header)
        if answer.nonce != nonce or not isinstance(answer.outcome, ReplyHeader):
            raise wire.WireError("an answer to another question")
        return answer.outcome.facts

    def _tree(self) -> list[psutil.Process]:
        """The process and all its descendants."""
        with contextlib.suppress(psutil.Error):
            return [psutil.Process(self.process.pid), *_below(self.process.pid)]
        return []

    def _memory(self) -> int:
        """Bytes; memory that its processes share counts several times."""
        total = 0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total


class PlainSandbox(Sandbox):
    """One plain guest at a time, and a new one where the last has ended."""

    layers = ()

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._guest = PlainGuest(environment)

    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """Makes the guest execute `program`. Raises SandboxError where there is no guest."""
        if not self._guest.is_as_new():
            self._guest = PlainGuest(self._environment)
        host.refuse_another_copy(self._guest.ready()["package"])
        return Session(self._guest, probes, tuple(program), seconds)

    @property
    def unit(self) -> float:
        """The speed unit, as measured by the guest."""
        return float(self._guest.ready()["unit"])

    @property
    def pid(self) -> int:
        """The guest itself."""
        return int(self._guest.ready()["pid"])

    def close(self) -> None:
        """Ends the guest."""
        self._guest.end()


def _below(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        process.kill()
