"""The measured cost of guests, forked and plain."""

import pytest

from autograder.guest.outcomes import Reply
from autograder.staff.commands.timed import TimedSandbox
from autograder.student.sandbox.starting import can_confine, start
from tests.sandbox.asking import program

BUSY = "import time\ndef value():\n    end = time.process_time() + 0.3\n    while time.process_time() < end: pass"


@pytest.mark.parametrize("confinement", ["best", "none"] if can_confine() else ["none"])
def test_each_guest_is_told_apart_with_its_questions(confinement):
    with TimedSandbox(start("autograder.ps7.guest.environment", confinement)) as timed:
        for code in ("def value(): return 1", BUSY):
            with timed.open("tests.sandbox.asking", program(code), 20) as session:
                assert isinstance(session.ask("call", {}), Reply)
        idle, busy = timed.guests
    assert timed.importing > 0
    assert timed.waited > 0
    assert [name for name, _ in idle.questions] == ["call"]
    assert busy.asking >= 0.3 > idle.asking
    assert busy.processor >= 0.25
    assert busy.wall >= busy.starting + busy.asking
