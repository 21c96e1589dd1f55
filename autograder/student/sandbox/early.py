"""Processes that give guests and have begun before anybody has asked for one: their imports take longest."""

import atexit
import contextlib
from typing import Protocol, TypeVar

from autograder.student.sandbox.host import SandboxError


class Begun(Protocol):
    """A process that imports the module `environment`, and everything that belongs to it alone."""

    environment: str

    def __init__(self, environment: str) -> None:
        """Begins it. Raises SandboxError and OSError."""

    def close(self) -> None:
        """Ends it, and removes everything of it."""


Kind = TypeVar("Kind", bound=Begun)
_early: list[Begun] = []


def begin(kind: type[Kind], environment: str) -> None:
    """Begins a process that `begun` gives out. It ends with this process where nothing has asked for it."""
    with contextlib.suppress(SandboxError, OSError):  # the code that asks for one is told
        _early.append(kind(environment))
        atexit.register(_end_early)


def begun(kind: type[Kind], environment: str) -> Kind:
    """The process that has begun early, or one that begins now. Raises SandboxError and OSError."""
    for place, each in enumerate(_early):
        if isinstance(each, kind) and each.environment == environment:
            del _early[place]
            return each
    return kind(environment)


def _end_early() -> None:
    while _early:
        _early.pop().close()
