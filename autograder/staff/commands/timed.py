"""Measures what the guests of another sandbox cost."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psutil

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Outcome
from autograder.student.sandbox.host import Around, Sandbox
from autograder.student.sandbox.session import Session


class Cost(msgspec.Struct):
    """The time of one guest, in seconds."""

    starting: float
    """Fork, layers, and the program's statements."""
    questions: list[tuple[str, float]] = []
    ending: float = 0.0
    processor: float = 0.0
    """Processor time of the guest and all that it started, as the system counts it when it is gone."""

    @property
    def asking(self) -> float:
        """The time of all questions."""
        return sum(seconds for _, seconds in self.questions)

    @property
    def wall(self) -> float:
        """All of its time."""
        return self.starting + self.asking + self.ending


class TimedSandbox(Around):
    """Gives another sandbox's guests. `guests` holds one cost for each guest that has ended. `waited` is how long the
    caller waited for the start, `importing` is the start's processor time."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.guests: list[Cost] = []
        self.waited = self.importing = 0.0

    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """A session with one of its guests, whose cost is noted. Raises SandboxError."""
        inner = self.inner
        before, started = self._processor(), time.monotonic()
        session = inner.open(probes, program, seconds, exhibits=exhibits)
        return _TimedSession(session, self, Cost(starting=time.monotonic() - started), before)

    @property
    def inner(self) -> Sandbox:
        """The other sandbox, once it has started."""
        if not self.waited:
            started = time.monotonic()
            _ = self._sandbox.pid
            self.waited = time.monotonic() - started
            self.importing = self._processor()
        return self._sandbox

    def left(self, cost: Cost, before: float) -> None:
        """Notes a guest that has ended, and that began when the sandbox had used `before` seconds of a processor."""
        cost.processor = self._processor() - before
        self.guests.append(cost)

    def _processor(self) -> float:
        """Processor seconds of all guests so far and of the process that they come from. Guests that are processes of
        their own count only once they have ended."""
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(self._sandbox.pid).cpu_times()
            return float(times.user + times.system + times.children_user + times.children_system)
        return 0.0


class _TimedSession(Session):
    def __init__(self, session: Session, sandbox: TimedSandbox, cost: Cost, before: float) -> None:
        self._session, self._sandbox, self._cost, self._before = session, sandbox, cost, before
        self.loaded = session.loaded

    def ask(self, probe: str, arguments: Mapping[str, Any]) -> Outcome:
        started = time.monotonic()
        outcome = self._session.ask(probe, arguments)
        self._cost.questions.append((probe, time.monotonic() - started))
        return outcome

    def close(self) -> None:
        started = time.monotonic()
        self._session.close()
        self._cost.ending = time.monotonic() - started
        self._sandbox.left(self._cost, self._before)
