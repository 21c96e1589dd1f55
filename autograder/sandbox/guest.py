"""The untrusted side: executes the student's statements and answers probes about them.

Everything here shares a process with hostile code after the first statement has run; nothing that it says is believed
further than the wire's caps and the judge's comparison go.
"""

import importlib
import os
import random
import socket
import sys
import tempfile
from types import ModuleType
from typing import Any

import msgspec

from autograder.sandbox import wire
from autograder.sandbox.confinement import Place, confine
from autograder.sandbox.namespace import Namespace, Source, Unusable, describe
from autograder.sandbox.outcomes import Array, Fault, Missing, Raised, ReplyHeader, fault, lacking, plain


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


class Answer(msgspec.Struct, frozen=True):
    """The header of every frame that a guest sends."""

    nonce: str
    outcome: ReplyHeader | Raised | Missing | Fault


def run(connection: socket.socket, environment: str, layers: tuple[str, ...], place: Place) -> None:
    """Serves one session on `connection` and returns when the host hangs up.

    All that is ours is imported and the confinement of `layers` put on before the student's program begins.
    """
    _leave_everything_behind(connection)
    _move_to(place.scratch)
    request = msgspec.json.decode(wire.receive(connection, wire.REQUEST)[0], type=Load)
    try:
        importlib.import_module(environment).install()
        probes = importlib.import_module(request.probes)
        confine(layers, place)
        namespace = getattr(probes, "NAMESPACE", Namespace)()
    except Exception as error:
        _answer(connection, request.nonce, fault(error))
        return
    failures = namespace.execute(request.program)
    _answer(connection, request.nonce, ReplyHeader(facts={"failures": failures}))
    while True:
        try:
            header, _ = wire.receive(connection, wire.REQUEST)
        except wire.Closed:
            return
        question = msgspec.json.decode(header, type=Ask)
        outcome, arrays = _ask(probes, namespace, question)
        _answer(connection, question.nonce, outcome, arrays)


def _ask(
    probes: ModuleType, namespace: Namespace, question: Ask
) -> tuple[ReplyHeader | Raised | Missing | Fault, dict[str, Array]]:
    random.seed(0)
    namespace.is_theirs = False
    try:
        facts, arrays = getattr(probes, question.probe)(namespace, **question.arguments)
        msgspec.json.encode(facts)  # so that what cannot be told is a mistake of the probe, not a silent guest
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


def _answer(
    connection: socket.socket,
    nonce: str,
    outcome: ReplyHeader | Raised | Missing | Fault,
    arrays: dict[str, Array] | None = None,
) -> None:
    wire.send(connection, msgspec.json.encode(Answer(nonce=nonce, outcome=outcome)), arrays)


def _move_to(scratch: str) -> None:
    os.chdir(scratch)
    for name in ("HOME", "TMPDIR", "TORCH_HOME", "HF_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = scratch
    tempfile.tempdir = None


def _leave_everything_behind(connection: socket.socket) -> None:
    """Keeps the connection alone of all open files; standard streams lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    kept = connection.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 4096 else 4096)
    sys.argv = ["notebook"]
