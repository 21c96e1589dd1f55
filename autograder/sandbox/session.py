"""The host's side of one guest: questions with a deadline, and never an exception for anything that the guest does."""

import secrets
import signal
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

import msgspec

from autograder.sandbox import wire
from autograder.sandbox.guest import Answer, Ask, Load
from autograder.sandbox.namespace import Source
from autograder.sandbox.outcomes import Ended, Fault, Missing, Outcome, Raised, Reply
from autograder.sandbox.supervision import Allowance, Excess, watch

ALLOWANCE = Allowance()


class Guest(msgspec.Struct, frozen=True):
    """One process that runs a student's code."""

    pid: int
    user: int | None
    """Its own; None where it runs as the grader's user."""
    scratch: str


class Keeper(Protocol):
    """Who has started the guest."""

    def exit_code(self, guest: Guest) -> int | None:
        """How it ended, as subprocess gives it (negative: a signal); None where it has not."""
        ...

    def end(self, guest: Guest) -> None:
        """Kills it with all that it has started; may be called again."""
        ...


class Session:
    """One guest with one program loaded. `loaded` says how loading went; after an end every answer is that end."""

    def __init__(
        self,
        guest: Guest,
        keeper: Keeper,
        connection: socket.socket,
        probes: str,
        program: tuple[Source, ...],
        seconds: float,
    ) -> None:
        self._guest, self._keeper, self._connection = guest, keeper, connection
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
        """Kills the guest and whatever it has started, and removes what it has written."""
        self._connection.close()
        self._keeper.end(self._guest)

    def _exchange(self, request: Load | Ask) -> Outcome:
        if self._end is not None:
            return self._end
        try:
            remaining = self._deadline - time.monotonic()
            self._connection.settimeout(max(remaining, 0.001))
            wire.send(self._connection, msgspec.json.encode(request))
            self._connection.settimeout(None)
            header, arrays = wire.receive(self._connection, wire.REPLY, self._deadline, self._watch)
            answer = msgspec.json.decode(header, type=Answer)
            if answer.nonce != request.nonce:
                raise wire.WireError("an answer to another question")
        except (wire.Late, TimeoutError):
            return self._ended(f"the code was still running after {self._seconds:.0f} s and was stopped")
        except Excess as excess:
            return self._ended(str(excess))
        except (wire.Closed, ConnectionError):
            return self._ended(self._how_it_ended())
        except (wire.WireError, msgspec.MsgspecError, RecursionError, ValueError) as error:
            return self._ended(f"the code interfered with the grader's own messages ({str(error)[:120]})")
        if isinstance(answer.outcome, Raised | Missing | Fault):
            return answer.outcome
        return Reply(facts=answer.outcome.facts, arrays=arrays)

    def _ended(self, reason: str) -> Ended:
        self._keeper.end(self._guest)
        self._end = Ended(reason=reason)
        return self._end

    def _watch(self) -> None:
        watch(self._guest.user, self._guest.pid, self._guest.scratch, ALLOWANCE)

    def _how_it_ended(self) -> str:
        code = self._keeper.exit_code(self._guest)
        if code is None:
            return "the code closed its connection to the grader"
        if code >= 0:
            return f"the code ended the Python process (exit code {code})"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"the Python process crashed ({name})"
