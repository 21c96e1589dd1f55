"""The host's side of one guest: questions with a deadline; nothing that the guest does raises an exception."""

import errno
import re
import secrets
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol

import msgspec

from autograder.guest import wire
from autograder.guest.answering import Ask, Header, Load
from autograder.guest.interrupting import TooLong
from autograder.guest.namespace import Source
from autograder.guest.outcomes import Ended, Fault, Frame, Missing, Outcome, Raised, Reply, unlisted
from autograder.guest.supervision import Excess

TO_ANSWER = 0.5
"""Seconds before the deadline in which the guest has to say where its code was."""
KILLED = -9
"""How SIGKILL ends a process; Windows has no name for it."""
WINDOWS_CRASH = 0xC0000000
"""From here up, an exit code of Windows is an exception that was not caught."""


class Guest(Protocol):
    """One process that runs a student's code, as the code that started it keeps it."""

    connection: socket.socket

    def watch(self) -> float:
        """Checks what it uses, and returns the seconds until the next look. Raises Excess."""
        ...

    def exit_code(self) -> int | None:
        """How it ended, as subprocess gives it (negative: a signal); None where it runs."""
        ...

    def asked(self) -> Sequence[str]:
        """System calls that it was refused because no table of the sandbox lists them."""
        ...

    def starved(self) -> Excess | None:
        """The message where the kernel has ended it for its memory; None where that is not known."""
        ...

    def full(self) -> Excess | None:
        """The message where its scratch folder is full; None where something else may have filled the disk."""
        ...

    def leave(self) -> None:
        """No more questions will come about the program that it has loaded."""
        ...

    def end(self) -> None:
        """Kills it with everything that it has started; may be called again."""
        ...


class Session:
    """One guest with one program loaded. `loaded` says how loading went. After the guest's end every answer is that
    end."""

    def __init__(self, guest: Guest, probes: str, program: tuple[Source, ...], seconds: float) -> None:
        self._guest, self._connection = guest, guest.connection
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._end: Ended | Fault | None = None
        try:
            self.loaded = self._exchange(Load(nonce=secrets.token_hex(16), probes=probes, program=program))
        except BaseException:  # for example a signal to the grader
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, probe: str, arguments: Mapping[str, Any]) -> Outcome:
        """Puts one probe to the guest. Never raises for anything that the guest does."""
        seconds = max(self._deadline - time.monotonic() - TO_ANSWER, TO_ANSWER)
        nonce = secrets.token_hex(16)
        return self._exchange(Ask(nonce=nonce, probe=probe, arguments=dict(arguments), seconds=seconds))

    def close(self) -> None:
        """Ends the use of the guest; everything that it has started and written is removed."""
        self._guest.leave()

    def _exchange(self, request: Load | Ask) -> Outcome:
        if self._end is not None:
            return self._end
        try:
            remaining = self._deadline - time.monotonic()
            self._connection.settimeout(max(remaining, 0.001))
            wire.send(self._connection, msgspec.json.encode(request))
            self._connection.settimeout(None)
            header, arrays = wire.receive(self._connection, wire.REPLY, self._deadline, self._guest.watch)
            answer = msgspec.json.decode(header, type=Header)
            if answer.nonce != request.nonce:
                raise wire.WireError("an answer to another question")
            if isinstance(answer.outcome, Missing) and not answer.outcome.name.isidentifier():
                raise wire.WireError("a name that is none")
        except (wire.Overdue, TimeoutError):
            return self._ended(self._still_running())
        except Excess as excess:
            return self._stopped(excess)
        except (wire.Closed, ConnectionError):
            return self._gone()
        except wire.WireError as error:
            return self._ended(f"the code interfered with the grader's own messages ({error})")
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return self._ended("the code interfered with the grader's own messages (a malformed one)")
        if isinstance(answer.outcome, Raised | Missing | Fault):
            return self._told(answer.outcome)
        return Reply(facts=answer.outcome.facts, arrays=arrays)

    def _told(self, outcome: Raised | Missing | Fault) -> Outcome:
        if isinstance(outcome, Raised) and outcome.kind == TooLong.__name__:
            return self._ended(self._still_running(outcome.frames))
        raised = outcome.cause if isinstance(outcome, Missing) else outcome
        if not isinstance(raised, Raised):
            return outcome
        if raised.says(errno.EPERM) and (calls := self._guest.asked()):
            return unlisted(calls)
        if raised.says(errno.ENOSPC) and (excess := self._guest.full()):
            return self._stopped(excess)
        raised = msgspec.structs.replace(raised, by_grader=False)
        return msgspec.structs.replace(outcome, cause=raised) if isinstance(outcome, Missing) else raised

    def _still_running(self, frames: Sequence[Frame] = ()) -> str:
        stopped = f"the code was still running after {self._seconds:.0f} s and was stopped"
        known = [frame for frame in frames if re.fullmatch(r"code cell \d+", frame.cell)]
        return stopped + (f" in {known[-1].cell}, line {known[-1].line}" if known else "")

    def _ended(self, reason: str) -> Ended:
        self._guest.end()
        self._end = Ended(reason=reason)
        return self._end

    def _stopped(self, excess: Excess) -> Outcome:
        ended: Outcome = self._ended(str(excess))
        if excess.of_the_machine:
            ended = self._end = Fault(reason=str(excess))
        return ended

    def _gone(self) -> Outcome:
        code = self._guest.exit_code()
        if code == KILLED and (excess := self._guest.starved()):
            return self._stopped(excess)
        ended: Outcome = self._ended(_how_it_ended(code))
        if code is not None and code < 0 and code != KILLED and (calls := self._guest.asked()):
            ended = self._end = unlisted(calls)
        return ended


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "the code closed its connection to the grader"
    if code >= WINDOWS_CRASH:
        return f"the Python process crashed ({code:#x})"
    if code >= 0:
        return f"the code ended the Python process (exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the Python process crashed ({name})"
