"""Where guests come from, on every system: the interface, and what all code that starts processes for it shares."""

from __future__ import annotations

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Self

import autograder

if TYPE_CHECKING:  # a zygote begins with few imports
    from types import TracebackType

    from autograder.guest.namespace import Source
    from autograder.student.sandbox.session import Session

Confinement = Literal["strict", "best", "none"]
START_SECONDS = 180.0
"""Seconds after which a process that has not finished its imports never will; half a processor needs about 20 s."""
OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(autograder.__file__)))
START = """
import sys
folder = sys.argv.pop(1)
if folder not in sys.path:
    sys.path.insert(0, folder)
from {module} import main
main()
"""
SETTINGS: Mapping[str, str] = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "agg",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Environment variables of guests: one thread, no accelerator, the same hashes in every run."""


class SandboxError(Exception):
    """The sandbox itself does not work on this machine; it is not the submission's fault."""


class Sandbox(ABC):
    """Gives guests, one after the other. Use it as a context manager.

    Starting returns at once: the imports run while the caller does other things, and the first `open` waits for them.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """A session with a guest that has executed `program`; `probes` names the module whose functions are its
        questions. `exhibits`: a folder that it may read in addition to what every guest may read.

        Raises SandboxError where no guest can be had. An error in the program shows in the session's first outcome.
        """

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """The layers of confinement in force. Waits for the start. Raises SandboxError where the start fails, or where
        a layer is missing and all were asked for."""

    @property
    def lacking(self) -> Mapping[str, str]:
        """The layers that do not work on this machine, and why. Waits for the start. Raises SandboxError."""
        return {}

    @property
    @abstractmethod
    def unit(self) -> float:
        """Seconds that the environment's fixed piece of work takes here: how fast this machine is. Waits for the
        start. Raises SandboxError where it fails."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process that guests come from. Waits for the start. Raises SandboxError where it fails."""

    def peak_memory(self) -> float:
        """MB of the largest process among the guests that ended since the last call, including what it shares with the
        process that guests come from; 0 where that is not known."""
        return 0.0

    @abstractmethod
    def close(self) -> None:
        """Ends everything that was started."""


class Around(Sandbox):
    """Another sandbox, wrapped by one that does something with its guests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def inner(self) -> Sandbox:
        """The wrapped sandbox."""
        return self._sandbox

    def open(self, probes: str, program: Sequence[Source], seconds: float, *, exhibits: str = "") -> Session:
        """A session with one of its guests. Raises SandboxError."""
        return self.inner.open(probes, program, seconds, exhibits=exhibits)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of confinement in force there. Raises SandboxError."""
        return self.inner.layers

    @property
    def lacking(self) -> Mapping[str, str]:
        """The layers that do not work there, and why. Raises SandboxError."""
        return self.inner.lacking

    @property
    def unit(self) -> float:
        """Seconds that the fixed piece of work takes there. Raises SandboxError."""
        return self.inner.unit

    @property
    def pid(self) -> int:
        """The process that its guests come from. Raises SandboxError."""
        return self.inner.pid

    def peak_memory(self) -> float:
        """MB of the largest of its guests since the last call."""
        return self.inner.peak_memory()

    def close(self) -> None:
        """Ends the wrapped sandbox."""
        self._sandbox.close()


def refuse_another_copy(package: str) -> None:
    """Raises SandboxError where guests would run another installation of the grader than the host."""
    if package != autograder.__file__:
        raise SandboxError(
            f"guests would run another copy of the grader ({package}) than this one "
            f"({autograder.__file__}); install this one, or leave the folder that holds it"
        )


def last_words(process: subprocess.Popen[bytes]) -> str:
    """Why a process that should have given guests is gone."""
    try:
        process.wait(timeout=2)  # its end of a connection closes a moment before the process is gone
    except subprocess.TimeoutExpired:
        return "no answer in time"
    assert process.stderr is not None
    lines = process.stderr.read(20_000).decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"
