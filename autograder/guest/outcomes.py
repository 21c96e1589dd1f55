"""What a question to a guest can end in. An answer, an exception and a death are values of one kind, matched in one
place."""

import os
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LONGEST_REASON, LONGEST_TRACE, LONGEST_NAME = 200, 4_000, 60


class Frame(msgspec.Struct, frozen=True):
    """One level of a traceback that lies in the student's own notebook."""

    cell: str
    line: int
    function: str
    source: str
    shapes: dict[str, str] = {}
    """The tensors among the local variables: name to shape."""


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """The student's code raised an exception. All text in here is the student's, and has to be clipped and marked."""

    kind: str
    text: str
    frames: tuple[Frame, ...] = ()
    by_grader: bool = False
    """Whether the text is the grader's own. The host does not believe a guest that claims this."""

    @property
    def where(self) -> str:
        """The innermost place in the notebook, or "" where no cell is in the traceback."""
        return f"{self.frames[-1].cell}, line {self.frames[-1].line}" if self.frames else ""

    def says(self, error: int) -> bool:
        """Whether the message is the system's text for an error of `errno`."""
        return os.strerror(error) in self.text


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """A name that the probe needs is not there. `cause`: the exception of the statement that should have made it."""

    name: str
    cause: Raised | None = None


class ReplyHeader(msgspec.Struct, frozen=True, tag="replied"):
    """The header of a probe's reply; its arrays travel beside it."""

    facts: dict[str, Any] = {}


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The guest gave no answer: it exited, was killed, ran out of time, or sent something malformed."""

    reason: str
    """For the student: "the code ended the Python process (exit code 3)"."""


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """The grader's own code failed, or lacks a package. It is not the submission's fault."""

    reason: str
    """For the course staff: "ImportError: no module named einops"."""
    trace: str = ""
    package: str = ""
    """A package that the notebook uses and this machine does not have; "" where something else failed."""


class Reply(msgspec.Struct, frozen=True, tag="answered"):
    """A probe's reply: plain facts and arrays, never a judgement."""

    facts: Mapping[str, Any]
    arrays: Mapping[str, Array]


Outcome = Reply | Raised | Missing | Ended | Fault


def fault(error: BaseException) -> Fault:
    """The probe's failure, with its traceback."""
    last = traceback.format_exception_only(error)[-1].strip()
    return Fault(reason=last[:LONGEST_REASON], trace="".join(traceback.format_exception(error))[-LONGEST_TRACE:])


def lacking(package: str) -> Fault:
    """A package that the notebook uses is not installed where the grader runs."""
    package = package[:LONGEST_NAME]
    return Fault(reason=f"the package {package} is not installed where grading runs", package=package)


def unlisted(calls: Sequence[str]) -> Fault:
    """The code failed after the sandbox had refused system calls that no table lists."""
    said = f"the sandbox refused {', '.join(calls)[:LONGEST_REASON]}, which its tables of system calls do not list"
    return Fault(reason=f"{said}; should an honest package need it, it belongs into guest/confinement/calls.py")


def encodable(facts: Any) -> Any:
    """The facts in JSON's own types. In text that UTF-8 cannot hold (a name from a listing of files) question marks
    replace the characters that cannot be encoded."""
    if isinstance(facts, str):
        return facts.encode("utf-8", "replace").decode()
    if isinstance(facts, Mapping):
        return {encodable(name): encodable(value) for name, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [encodable(each) for each in facts]
    msgspec.json.encode(facts)
    return facts


def plain(array: Any) -> Array:
    """A contiguous copy in one of the dtypes that the wire carries: float64 and integers stay, all other numeric dtypes
    become float32. A complex number becomes two numbers, on an axis of their own."""
    array = np.asarray(array)
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    kind = np.int64 if array.dtype.kind in "iub" else np.float64 if array.dtype == np.float64 else np.float32
    return np.array(array, dtype=kind, order="C")
