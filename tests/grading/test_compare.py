import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.guest.outcomes import Ended, Missing, Raised, Reply
from autograder.student.grading.compare import differences, same

FLOATS = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e3, 1e3))


def reply(**fields):
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    return Reply(facts={name: value for name, value in fields.items() if name not in arrays}, arrays=arrays)


@given(FLOATS)
def test_an_array_equals_itself_and_what_lies_within_tolerance(values):
    near = values + 0.9e-3 * np.abs(values).max()
    assert same(reply(x=near), reply(x=values), ["x"], 1e-3)


@given(FLOATS, st.data())
def test_one_value_beyond_tolerance_is_found_and_counted(values, data):
    assume(np.abs(values).max() > 1e-3)
    place = data.draw(st.integers(0, len(values) - 1))
    off = values.copy()
    off[place] += 5e-3 * np.abs(values).max()
    (difference,) = differences(reply(x=off), reply(x=values), ["x"], 1e-3)
    assert difference.places == 1
    assert difference.expected == values[place]
    assert difference.distance == pytest.approx(abs(off[place] - values[place]))


@given(FLOATS, st.data())
def test_what_is_no_number_equals_itself_alone(values, data):
    off = values.copy()
    off[data.draw(st.integers(0, len(values) - 1))] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    assert not same(reply(x=off), reply(x=values), ["x"], 1e-3)
    assert not same(reply(x=values), reply(x=off), ["x"], 1e-3)
    assert same(reply(x=off), reply(x=off), ["x"], 1e-3)


def test_integers_have_no_tolerance():
    assert not same(reply(x=np.array([10_000])), reply(x=np.array([10_001])), ["x"], 1e-3)


def test_shapes_and_absent_arrays_differ():
    (difference,) = differences(reply(x=np.zeros(2)), reply(x=np.zeros((2, 1))), ["x"], 1e-3)
    assert (difference.expected, difference.got) == ([2, 1], [2])
    (difference,) = differences(reply(), reply(x=np.zeros(2)), ["x"], 1e-3)
    assert difference.got == "nothing"


def test_facts_differ_by_type_too():
    assert not same(reply(x=1), reply(x=True), ["x"], 1e-3)
    assert not same(reply(), reply(x=None), ["x"], 1e-3)
    assert same(reply(x=[1, 2]), reply(x=[1, 2]), ["x"], 1e-3)


def test_only_the_named_fields_count():
    assert same(reply(x=1, y=2), reply(x=1, y=3), ["x"], 1e-3)


def test_outcomes_of_different_kinds_are_never_the_same():
    outcomes = [reply(x=1), Raised("ValueError", "x"), Missing("x"), Ended("x")]
    for one in outcomes:
        for other in outcomes:
            assert same(one, other, ["x"], 1e-3) is (one is other)


def test_exceptions_are_the_same_by_kind_and_text_up_to_addresses():
    one, other = Raised("ValueError", "at 0x7f00"), Raised("ValueError", "at 0x7fff")
    assert same(one, other, [], 1e-3)
    assert not same(one, Raised("TypeError", "at 0x7f00"), [], 1e-3)
    assert not same(one, Raised("ValueError", "at"), [], 1e-3)
    assert not same(Missing("x"), Missing("y"), [], 1e-3)
