"""The limits of a guest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.guest.supervision import MEBIBYTE, Allowance, Excess


def test_a_container_as_gradescopes_gives_a_guest_five_eighths_of_its_memory_and_half_of_the_usual_processes():
    allowance = Allowance().within(768 * MEBIBYTE)
    assert (allowance.memory, allowance.processes, allowance.threads) == (480 * MEBIBYTE, 32, 64)


@given(st.integers(min_value=0))
def test_nothing_is_more_than_usual_and_nothing_more_than_there_is(limit):
    usual, allowance = Allowance(), Allowance().within(limit)
    assert allowance.memory <= min(usual.memory, limit)
    assert allowance.processes <= usual.processes
    assert allowance.threads >= allowance.processes


def test_one_process_more_than_allowed_is_too_many():
    allowance = Allowance(processes=8)
    allowance.compare_count(8)
    with pytest.raises(Excess, match="more than 8 processes"):
        allowance.compare_count(9)
