import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.guest import wire

ARRAYS = st.dictionaries(
    st.text(min_size=1, max_size=12).filter(lambda name: name != "__metadata__"),
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int64]), hnp.array_shapes(min_dims=0, max_dims=4, max_side=5)
    ),
    max_size=5,
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(header=st.binary(max_size=2000), arrays=ARRAYS)
def test_a_frame_comes_out_as_it_went_in(header, arrays):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=wire.send, args=(theirs, header, arrays))
        sender.start()
        got_header, got_arrays = wire.receive(ours, deadline=time.monotonic() + 5)
        sender.join()
    assert got_header == header
    assert got_arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert got_arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(got_arrays[name], array)


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_frame_or_a_wire_error(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.close()
        try:
            wire.receive(ours, deadline=time.monotonic() + 5)
        except wire.WireError:
            pass


@given(st.binary(max_size=3000))
def test_any_payload_is_arrays_or_a_wire_error(payload):
    try:
        arrays = wire.decode_arrays(payload)
    except wire.WireError:
        return
    assert all(array.dtype.name in wire.DTYPES for array in arrays.values())


def test_lengths_over_the_caps_are_refused_before_anything_is_read(pair):
    ours, theirs = pair
    theirs.sendall(wire.LENGTHS.pack(wire.REPLY.header + 1, 0))
    with pytest.raises(wire.WireError, match="header of 65537 bytes"):
        wire.receive(ours)
    theirs.sendall(wire.LENGTHS.pack(2, wire.REPLY.payload + 1))
    with pytest.raises(wire.WireError, match="arrays of 8388609 bytes"):
        wire.receive(ours)


def test_too_many_arrays_too_many_axes_and_other_dtypes_are_refused(pair):
    ours, theirs = pair
    small = wire.Caps(tensors=2)
    wire.send(theirs, b"{}", {str(number): np.zeros(1) for number in range(3)})
    with pytest.raises(wire.WireError, match="3 arrays"):
        wire.receive(ours, small)
    wire.send(theirs, b"{}", {"deep": np.zeros((1,) * 7)})
    with pytest.raises(wire.WireError, match="7 axes"):
        wire.receive(ours)
    wire.send(theirs, b"{}", {"half": np.zeros(3, dtype=np.float16)})
    with pytest.raises(wire.WireError, match="float16"):
        wire.receive(ours)


def test_silence_ends_at_the_deadline(pair):
    ours, theirs = pair
    theirs.sendall(b"\x00")
    started = time.monotonic()
    with pytest.raises(wire.Overdue):
        wire.receive(ours, deadline=started + 0.1)
    assert time.monotonic() - started < 2


def test_hanging_up_is_told_from_silence(pair):
    ours, theirs = pair
    theirs.close()
    with pytest.raises(wire.Closed):
        wire.receive(ours)


def test_a_byte_out_of_band_keeps_nobody_waiting(pair):
    ours, theirs = pair
    try:
        theirs.send(b"!", socket.MSG_OOB)
    except OSError:
        pytest.skip("this system has no such bytes here")
    started = time.monotonic()
    with pytest.raises(wire.Overdue):
        wire.receive(ours, deadline=started + 0.5)
    assert time.monotonic() - started < 2
    assert ours.gettimeout() is None


def test_one_is_watched_while_bytes_trickle_in(pair):
    ours, theirs = pair
    ended = threading.Event()

    def trickle():
        theirs.sendall(wire.LENGTHS.pack(10_000, 0))
        while not ended.wait(0.02):
            theirs.sendall(b" ")

    def meanwhile():
        raise InterruptedError

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        with pytest.raises(InterruptedError):
            wire.receive(ours, deadline=time.monotonic() + 10, meanwhile=meanwhile)
    finally:
        ended.set()
        sender.join()
