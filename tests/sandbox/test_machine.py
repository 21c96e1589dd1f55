"""What is left for all processes of the machine, and the message for a guest that is stopped because of it."""

import sys

import pytest

from autograder.guest.outcomes import Ended, Fault
from tests.sandbox.asking import program

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

from autograder.guest.supervision import MEBIBYTE, Excess
from autograder.student.sandbox import machine
from autograder.student.sandbox.forking import ForkedGuest
from autograder.student.sandbox.machine import Machine

PROBES = "tests.sandbox.asking"


def test_too_little_memory_ends_a_guest_whoever_has_taken_it(tmp_path, monkeypatch):
    left = [8 << 30]
    monkeypatch.setattr(machine, "memory_left", lambda: left[0])
    here = Machine(str(tmp_path))
    here.watch()
    left[0] = 65 * MEBIBYTE
    here.watch()
    left[0] = 63 * MEBIBYTE
    with pytest.raises(Excess, match="less than 64 MB of memory left") as excess:
        here.watch()
    assert excess.value.of_the_machine


def test_where_there_was_little_to_begin_with_less_is_enough(tmp_path, monkeypatch):
    left = [80 * MEBIBYTE]
    monkeypatch.setattr(machine, "memory_left", lambda: left[0])
    here = Machine(str(tmp_path))
    left[0] = 11 * MEBIBYTE
    here.watch()
    left[0] = 9 * MEBIBYTE
    with pytest.raises(Excess, match="less than 10 MB"):
        here.watch()


def test_where_nothing_tells_nothing_is_asked_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "memory_left", lambda: None)
    Machine(str(tmp_path)).watch()


def test_the_disk_is_watched_too(tmp_path, monkeypatch):
    here = Machine(str(tmp_path))
    here.watch()
    monkeypatch.setattr(Machine, "_free", 1)
    with pytest.raises(Excess, match="on the disk left"):
        here.watch()


def test_then_the_item_is_not_judged(sandbox, monkeypatch):
    def watch():
        raise Excess("the machine had too little left", of_the_machine=True)

    with sandbox.open(PROBES, program(), 20.0) as session:
        monkeypatch.setattr(sandbox.machine, "watch", watch)
        for _ in range(2):
            assert session.ask("sleep", {}) == Fault(reason="the machine had too little left")


def test_who_is_ended_by_the_kernel_for_memory_is_told_so(sandbox, monkeypatch):
    if sandbox.group is None:
        pytest.skip("no control group is to be had here")
    monkeypatch.setattr(ForkedGuest, "watch", lambda _: 60.0)
    text = "value = bytearray(b'x' * (1200 << 20)), bytearray(b'x' * (1200 << 20))"
    with sandbox.open(PROBES, program(text), 60.0) as session:
        assert session.loaded == Ended(reason="the code used more than 1536 MB of memory and was stopped")
