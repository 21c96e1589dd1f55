"""A sandbox that runs each program only once for the same questions. For grading many notebooks that are nearly the
same."""

import random
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Array, Missing, Outcome, Raised, Reply
from autograder.student.sandbox.host import Around, Sandbox
from autograder.student.sandbox.session import Session

MOST_BYTES = 64 * 1024 * 1024
"""How much is remembered in all; one outcome may take a hundredth of it."""
AGAIN = 1 / 20
"""The share of known programs that are run again, to see that they still give the same."""
SAME = 1e-5
"""How far two numbers may differ that are the same, relative to the largest of their array."""
ELSEWHERE = {
    *("open", "Path", "pathlib", "os", "sys", "shutil", "tempfile", "glob", "io", "fromfile", "memmap", "environ"),
    *("time", "datetime", "timeit", "perf_counter", "monotonic", "process_time", "Event", "platform", "getpass"),
    *("random", "secrets", "uuid", "urandom", "id", "hash", "gc", "psutil", "resource", "signal", "load", "save"),
    *("socket", "subprocess", "threading", "multiprocessing", "concurrent", "asyncio", "ctypes", "input"),
    *("eval", "exec", "globals", "locals", "vars", "builtins", "__builtins__", "importlib", "__import__", "inspect"),
}
"""Words of programs whose answers may depend on more than their text: files, time, chance, the machine."""
OF_THE_CODE = {
    *("TypeError", "ValueError", "AttributeError", "NameError", "UnboundLocalError", "IndexError", "KeyError"),
    *("NotImplementedError", "AssertionError", "ZeroDivisionError", "Unusable"),
}
"""Exceptions that no lack of memory, threads or files raises."""


class Known(msgspec.Struct, frozen=True):
    """A remembered outcome, the memory in MB that its guest took, and the bytes that it takes here."""

    outcome: Outcome
    memory: float
    size: int


class Remembering(Around):
    """Answers are assumed to depend only on the program and the questions so far, as they do for honest code.

    `careful`: for submissions of many people. Only outcomes that the program's text decides are remembered, not deaths
    and failures that the machine may have caused, and a twentieth of the known programs are run again. A program that
    then gives something else is not remembered any more. No submission can change the answers of another: what is known
    of a program was said by a program with the same text.
    """

    def __init__(self, sandbox: Sandbox, *, careful: bool = False) -> None:
        super().__init__(sandbox)
        self.careful = careful
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._size = 0
        self._unsteady: set[bytes] = set()
        self._draw = random.Random(43)
        self._memory = 0.0

    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """A session that opens a guest only when there is a new question."""

        def begin() -> Session:
            return self.inner.open(probes, program, seconds, exhibits=exhibits)

        text = msgspec.json.encode([probes, *([each.source, each.binds, each.left_out] for each in program)])
        key = sha256(text).digest()
        if exhibits or key in self._unsteady or (self.careful and _leans_on_more_than_its_text(program)):
            return begin()
        return _RememberedSession(self, begin, key, msgspec.json.encode([(each.cell, each.line) for each in program]))

    def peak_memory(self) -> float:
        """MB of the largest guest since the last call, among those that answered or whose answers were known."""
        memory, self._memory = max(self._memory, self.inner.peak_memory()), 0.0
        return memory

    def is_drawn(self) -> bool:
        """Whether a known program is run again."""
        return self.careful and self._draw.random() < AGAIN

    def recall(self, key: bytes) -> Outcome | None:
        """The outcome that is known under this key."""
        known = self._known.get(key)
        if known is None:
            return None
        self._known.move_to_end(key)
        self._memory = max(self._memory, known.memory)
        return known.outcome

    def keep(self, outcomes: Mapping[bytes, Outcome]) -> None:
        """Remembers the outcomes of a guest that has ended; the oldest go where they are too many."""
        self._memory = memory = self.peak_memory()
        for key, outcome in outcomes.items():
            size = len(_encoded(outcome)) + 500
            if size <= MOST_BYTES / 100 and key not in self._known:
                self._known[key] = Known(outcome, memory, size)
                self._size += size
        while self._size > MOST_BYTES:
            self._size -= self._known.popitem(last=False)[1].size

    def forget(self, program: bytes) -> None:
        """Does not remember this program any more."""
        self._unsteady.add(program)


class _RememberedSession(Session):
    """Looks answers up before it asks. An outcome that names a place in the notebook is only known at that place."""

    def __init__(self, memory: Remembering, begin: Callable[[], Session], program: bytes, places: bytes) -> None:
        self._memory, self._begin, self._program, self._places = memory, begin, program, places
        self._asked: list[tuple[str, Mapping[str, Any]]] = []
        self._session: Session | None = None
        self._new: dict[bytes, Outcome] = {}
        self._chain = program
        self._lasts = True
        self._checks: bool | None = None
        self.loaded = self._next(b"loaded", lambda session: session.loaded)

    def ask(self, probe: str, arguments: Mapping[str, Any]) -> Outcome:
        """The answer, from memory where a program with this text was asked the same questions before."""
        outcome = self._next(msgspec.json.encode([probe, arguments]), lambda session: session.ask(probe, arguments))
        self._asked.append((probe, arguments))
        return outcome

    def close(self) -> None:
        """Ends the guest where there is one."""
        if self._session is not None:
            self._session.close()
            self._memory.keep(self._new)

    def _next(self, question: bytes, put: Callable[[Session], Outcome]) -> Outcome:
        self._chain = sha256(self._chain + question).digest()
        placed = sha256(self._chain + self._places).digest()
        known = self._memory.recall(self._chain)
        known = self._memory.recall(placed) if known is None else known
        if self._checks is None:
            self._checks = known is not None and self._memory.is_drawn()
        if known is not None and not self._checks and self._session is None:
            return known
        outcome = put(self._opened())
        if known is not None and not _alike(known, outcome):
            self._memory.forget(self._program)
        self._lasts = self._lasts and (not self._memory.careful or _is_of_the_code(outcome))
        if self._lasts:
            self._new[placed if b"cell" in _encoded(outcome) else self._chain] = outcome
        return outcome

    def _opened(self) -> Session:
        """A guest that has been asked the questions before this one."""
        if self._session is None:
            self._session = self._begin()
            for probe, arguments in self._asked:
                self._session.ask(probe, arguments)
        return self._session


def _leans_on_more_than_its_text(program: Sequence[Source]) -> bool:
    return any(ELSEWHERE & {*re.findall(r"\w+", each.source)} for each in program)


def _is_of_the_code(outcome: Outcome) -> bool:
    """Whether the program alone decides the outcome, and not what the machine has left."""
    match outcome:
        case Reply():
            return True
        case Raised():
            return outcome.kind in OF_THE_CODE
        case Missing():
            return outcome.cause is None or outcome.cause.kind in OF_THE_CODE
    return False


def _alike(one: Outcome, other: Outcome) -> bool:
    """Whether they are the same up to rounding."""
    if not isinstance(one, Reply) or not isinstance(other, Reply):
        return one == other
    return (
        one.facts == other.facts
        and one.arrays.keys() == other.arrays.keys()
        and all(_same(array, other.arrays[name]) for name, array in one.arrays.items())
    )


def _same(one: Array, other: Array) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    finite = np.abs(one[np.isfinite(one)])
    return np.allclose(one, other, rtol=0, atol=SAME * finite.max(initial=0), equal_nan=True)


def _encoded(outcome: Outcome) -> bytes:
    """The outcome as JSON, with the bytes of its arrays after it."""
    if isinstance(outcome, Reply):
        return msgspec.json.encode(outcome.facts) + b"".join(array.tobytes() for array in outcome.arrays.values())
    return msgspec.json.encode(outcome)
