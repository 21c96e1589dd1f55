"""The untrusted side: executes the student's statements and answers probes about them.

Once the first statement has run, everything here shares a process with hostile code. The host believes nothing that
this side says beyond what the wire's caps and the judge's comparison check.
"""

import importlib
import os
import random
import socket
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec

from autograder.guest import modules, wire
from autograder.guest.interrupting import time_limit
from autograder.guest.namespace import Namespace, Source, Unusable, describe
from autograder.guest.outcomes import Array, Fault, Missing, Raised, ReplyHeader, encodable, fault, lacking, plain


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Opens a session: which module holds the probes, and the statements to execute."""

    nonce: str
    probes: str
    program: tuple[Source, ...]


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Asks one probe of the session's module by the name of its function."""

    nonce: str
    probe: str
    arguments: dict[str, Any]
    seconds: float
    """Seconds after which the student's code is interrupted, early enough that it can still be told where it was."""


class Header(msgspec.Struct, frozen=True):
    """The header of every frame that a guest sends."""

    nonce: str
    outcome: ReplyHeader | Raised | Missing | Fault


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """Ends a session without ending the guest, where it can be used again."""

    nonce: str


def serve(connection: socket.socket, environment: str, confine: Callable[[], None] = lambda: None) -> Leave | None:
    """Answers one session on `connection` until the host leaves it; returns None where the host hangs up.

    All of our modules are imported, and `confine` is called, before the student's program begins.
    """
    try:
        request = msgspec.json.decode(wire.receive(connection, wire.REQUEST)[0], type=Load)
        try:
            importlib.import_module(environment).install()
            probes = importlib.import_module(request.probes)
            confine()
            modules.STOOD_IN.clear()
            namespace = getattr(probes, "NAMESPACE", Namespace)()
        except Exception as error:
            answer(connection, request.nonce, fault(error))
            return None
        failures = namespace.execute(request.program)
        answer(connection, request.nonce, ReplyHeader(facts={"failures": failures}))
        while True:
            question = msgspec.json.decode(wire.receive(connection, wire.REQUEST)[0], type=Ask | Leave)
            if isinstance(question, Leave):
                return question
            outcome, arrays = _ask(probes, namespace, question)
            answer(connection, question.nonce, outcome, arrays)
    except wire.Closed:
        return None


def _ask(
    probes: ModuleType, namespace: Namespace, question: Ask
) -> tuple[ReplyHeader | Raised | Missing | Fault, dict[str, Array]]:
    random.seed(0)
    namespace.is_theirs = False
    try:
        with time_limit(question.seconds):
            facts, arrays = getattr(probes, question.probe)(namespace, **question.arguments)
        # a value that cannot be encoded is then reported as the probe's mistake, not as a guest that gives no answer
        facts = encodable(facts)
        if modules.STOOD_IN:
            facts["stood_in"] = min(modules.STOOD_IN)
        return ReplyHeader(facts=facts), {name: plain(array) for name, array in arrays.items()}
    except Namespace.NameMissing as error:
        cause = namespace.cause_of(error.name)
        package = namespace.package_lacking(cause) if cause else None
        return (lacking(package) if package else Missing(name=error.name, cause=cause)), {}
    except BaseException as error:
        if package := namespace.package_lacking(describe(error)):
            return lacking(package), {}
        raised = describe(error)
        return (raised if raised.frames or namespace.is_theirs or isinstance(error, Unusable) else fault(error)), {}


def answer(
    connection: socket.socket,
    nonce: str,
    outcome: ReplyHeader | Raised | Missing | Fault,
    arrays: dict[str, Array] | None = None,
) -> None:
    """Sends one frame."""
    wire.send(connection, msgspec.json.encode(Header(nonce=nonce, outcome=outcome)), arrays)


def silence() -> None:
    """Connects the standard streams to /dev/null."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def move_to(scratch: str) -> None:
    """Makes a folder the working directory and the place of all files that libraries write."""
    os.chdir(scratch)
    for name in ("HOME", "USERPROFILE", "TMPDIR", "TORCH_HOME", "HF_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = scratch
    tempfile.tempdir = None
