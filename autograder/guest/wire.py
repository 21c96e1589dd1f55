"""Frames on a stream socket: two lengths, a JSON header, and arrays as safetensors. Every cap is checked before memory
is taken."""

import math
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from autograder.guest.outcomes import Array

LENGTHS = struct.Struct(">II")
MEANWHILE = 0.2
PAUSE = 0.01
"""Seconds."""
DTYPES = frozenset({"float32", "float64", "int64"})


class Caps(NamedTuple):
    """The caps of a frame: bytes, except for the counts of tensors and of axes."""

    header: int = 64 * 1024
    payload: int = 8 * 1024 * 1024
    tensors: int = 256
    axes: int = 6


REPLY = Caps()
REQUEST = Caps(header=64 * 1024 * 1024)


class WireError(Exception):
    """The other side sent something that is not a frame, or a frame over the caps."""


class Closed(WireError):
    """The other side closed the connection."""


class Overdue(WireError):
    """The deadline passed before a whole frame had arrived."""


def send(connection: socket.socket, header: bytes, arrays: Mapping[str, Array] | None = None) -> None:
    """Writes one frame. Blocks while the receiver does not read, unless the socket has a time-out."""
    payload = save({name: np.asarray(array, order="C") for name, array in arrays.items()}) if arrays else b""
    connection.sendall(LENGTHS.pack(len(header), len(payload)) + header + payload)


def receive(
    connection: socket.socket,
    caps: Caps = REPLY,
    deadline: float = math.inf,
    meanwhile: Callable[[], float] = lambda: MEANWHILE,
) -> tuple[bytes, dict[str, Array]]:
    """Reads one frame: the header's bytes, and the arrays by name.

    `deadline` is a moment of `time.monotonic()`. While the frame is not whole, `meanwhile` is called every now and
    then; it returns in how many seconds to call it again, and may raise. Raises Closed, Overdue, or WireError for a
    malformed frame.
    """
    usual = connection.gettimeout()
    connection.setblocking(False)
    try:
        return _receive(connection, caps, deadline, meanwhile)
    finally:
        connection.settimeout(usual)


def _receive(
    connection: socket.socket, caps: Caps, deadline: float, meanwhile: Callable[[], float]
) -> tuple[bytes, dict[str, Array]]:
    header_length, payload_length = LENGTHS.unpack(_read(connection, LENGTHS.size, deadline, meanwhile))
    if header_length > caps.header:
        raise WireError(f"a header of {header_length} bytes, over the cap of {caps.header}")
    if payload_length > caps.payload:
        raise WireError(f"arrays of {payload_length} bytes, over the cap of {caps.payload}")
    header = _read(connection, header_length, deadline, meanwhile)
    payload = _read(connection, payload_length, deadline, meanwhile)
    return header, decode_arrays(payload, caps)


def decode_arrays(payload: bytes, caps: Caps = REPLY) -> dict[str, Array]:
    """The arrays of a payload. Raises WireError where it is not safetensors or breaks a cap."""
    if not payload:
        return {}
    try:
        arrays = load(payload)
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise WireError("arrays that cannot be read") from error
    if len(arrays) > caps.tensors:
        raise WireError(f"{len(arrays)} arrays, over the cap of {caps.tensors}")
    for array in arrays.values():
        if array.ndim > caps.axes or array.dtype.name not in DTYPES:
            raise WireError(f"an array with {array.ndim} axes of {array.dtype.name}")
    return arrays


def _read(connection: socket.socket, count: int, deadline: float, meanwhile: Callable[[], float]) -> bytes:
    received = bytearray()
    look = time.monotonic() + MEANWHILE
    while len(received) < count:
        now = time.monotonic()
        if now >= deadline:
            raise Overdue
        if now >= look and deadline < math.inf:
            pause = meanwhile()
            look = time.monotonic() + pause
        waiting = max(0.0, min(deadline, look) - now) if deadline < math.inf else None
        if not select.select([connection], [], [], waiting)[0]:
            continue
        try:
            part = connection.recv(min(count - len(received), 1 << 20))
        except BlockingIOError:  # readable, but there is nothing to read: a byte out of band
            time.sleep(PAUSE)
            continue
        except ConnectionError:
            raise Closed from None
        if not part:
            raise Closed
        received += part
    return bytes(received)
