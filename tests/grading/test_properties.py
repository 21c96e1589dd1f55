"""The sentences about a wrong array are true of it."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.student.grading.properties import (
    below_zero,
    change_of,
    half_right,
    property_of,
    property_of_all,
    size_of,
    times,
)

RIGHT = np.random.default_rng(0).normal(size=(6, 4))
ROWS = np.linspace(0.5, 3, 6)[:, None]


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (0 * RIGHT, "Yours is zero everywhere."),
        (-RIGHT, "Yours is the right result with the opposite sign."),
        (32 * RIGHT, "Yours is the right result times 32."),
        (RIGHT / 6, "Yours is the right result times 0.1667."),
        (RIGHT * ROWS, "Every row has the right direction, but the wrong length."),
        (RIGHT[::-1], "These are the right rows in another order."),
        (RIGHT - 0.5, "Every value is 0.5 too small."),
        (RIGHT + np.repeat([1, 0], 3)[:, None], ""),
        (RIGHT + np.eye(6, 4), ""),
        (RIGHT * np.nan, ""),
        (RIGHT.T.reshape(6, 4), ""),
    ],
)
def test_of_values(got, said):
    assert property_of(got, RIGHT) == said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([1, 0], "It is right in evaluation mode, but not in training mode."),
        ([0, 1], "It is right in training mode, but not in evaluation mode."),
        ([1, 1], ""),
        ([0, 0], ""),
    ],
)
def test_of_a_field_with_a_half_for_each_mode(wrong, said):
    assert half_right(RIGHT + np.repeat(wrong, 3)[:, None], RIGHT) == said


@pytest.mark.parametrize("factor", [2.0, 0.5, 1.3])
def test_one_number_is_a_multiple_of_every_other(factor):
    assert property_of(np.array([2.4 * factor]), np.array([2.4])) == ""


ORDER = np.array([4, 1, 3, 0, 2])


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ([2, 0, 3, 1, 4], "These are the right ones in the opposite order."),
        ([4, 1, 0, 3, 2], "These are the right ones in another order; the first 2 are in place."),
        ([1, 4, 3, 0, 2], "These are the right ones in another order."),
        ([4, 1, 9, 8, 7], "2 of the 5 are right; the first 2 are in place."),
        ([9, 1, 3, 8, 7], "2 of the 5 are right."),
        ([9, 8, 7, 6, 5], "None of yours is among the right ones."),
        ([4, 4, 4, 4, 4], "1 of the 5 is right; the first one is in place."),
    ],
)
def test_of_an_order(got, said):
    assert property_of(np.array(got), ORDER) == said


@given(st.permutations(range(12)), st.integers(1, 12))
def test_places_are_counted_from_the_first(order, count):
    got, expected = np.array(order[:count]), np.arange(count)
    assume(not np.array_equal(got, expected))
    said = property_of(got, expected)
    if "in another order" in said or re.search(" (is|are) right", said):
        told = re.search(r"the first (\d+|one)", said)
        right = 0 if not told else 1 if told[1] == "one" else int(told[1])
        assert got[:right].tolist() == expected[:right].tolist()
        assert got[right] != expected[right]


@given(arrays(np.float64, (5, 3), elements=st.floats(-10, 10)), arrays(np.float64, (5, 3), elements=st.floats(-10, 10)))
def test_a_factor_is_named_only_where_it_makes_one_the_other(got, expected):
    said = property_of(got, expected)
    if told := re.search(r"times (\S+)\.$", said):
        assert np.allclose(got, float(told[1]) * expected, atol=2e-3 * np.abs(got).max())
    if said == "Yours is zero everywhere.":
        assert not got.any()


LOSSES = [np.array(value) for value in (2.4, 1.3, 3.1, 0.7)]


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ([2 * each for each in LOSSES], "In all 4 cases: yours is the right result times 2."),
        ([-each for each in LOSSES], "In all 4 cases: yours is the right result with the opposite sign."),
        ([each + 1 for each in LOSSES], "In all 4 cases: every value is 1 too large."),
        ([0 * each for each in LOSSES], "In all 4 cases: yours is zero everywhere."),
        ([each**2 for each in LOSSES], ""),
        ([np.array(np.nan), *LOSSES[1:]], ""),
    ],
)
def test_of_single_numbers_in_several_cases(got, said):
    assert property_of_all(got, LOSSES) == said


def test_two_cases_are_too_few():
    assert property_of_all([2 * each for each in LOSSES[:2]], LOSSES[:2]) == ""
    assert times([2 * each for each in LOSSES[:2]], LOSSES[:2]) is None


@given(st.floats(0.01, 100))
def test_a_factor_is_found(factor):
    assert times([factor * each for each in LOSSES], LOSSES) == pytest.approx(factor)


def test_no_factor_is_made_up():
    assert times([each + 1 for each in LOSSES], LOSSES) is None
    assert times(LOSSES, [0 * each for each in LOSSES]) is None
    assert times([RIGHT], [RIGHT.T]) is None


ODD = arrays(np.float64, (2,), elements=st.floats(allow_nan=True, allow_infinity=True, width=64))


@given(st.lists(ODD, min_size=0, max_size=5))
@pytest.mark.filterwarnings("error")
def test_whatever_a_submission_sends_something_or_nothing_is_said(got):
    expected = [np.full(2, 1.5 + number) for number in range(len(got))]
    assert isinstance(property_of_all(got, expected), str)
    assert times(got, expected) is None or len(got) >= 1
    assert all(isinstance(property_of(one, other), str) for one, other in zip(got, expected, strict=True))


FALLING = np.array([0.5, 0.25, 0.125])


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (FALLING * [0.5, 0.6, 0.7], "No value is too large: yours are 0.5 to 0.7 times the right ones."),
        (FALLING * [1.01, 1.5, 1.2], "No value is too small: yours are 1.01 to 1.5 times the right ones."),
        (FALLING * [1.0, 1.0, 0.5], "No value is too large: yours are 0.5 to 1 times the right ones."),
        (FALLING * [0.5, 1.1, 1.0], "Overall (by the root of the sum of squares) yours are 0.68 times as large."),
        (FALLING * [0.9, 1.1, 1.0], ""),
        (FALLING * np.nan, ""),
        (FALLING[:1] / 2, ""),
    ],
)
def test_of_its_size(got, said):
    assert size_of(got, FALLING[: len(got)]) == said


# Below 1e-30 a float32 has no digits left for a factor.
SIZES = st.floats(-100, 100, width=32).filter(lambda size: size == 0 or abs(size) > 1e-30)


@given(arrays(np.float32, 5, elements=SIZES), st.floats(0.01, 100))
def test_its_size_is_true(right, factor):
    said = size_of(right * factor, right)
    for written in re.findall(r"[\d.]+(?:e[+-]\d+)?(?= times)", said):
        assert float(written) == pytest.approx(factor, rel=0.06)
    assert "too large" not in said or factor < 1.001
    assert "too small" not in said or factor > 0.999


def test_a_loss_below_zero():
    assert below_zero(np.array([-0.2, -0.2]), np.array([0.6, 0.6])) == "Yours is negative; the right value is not."
    assert below_zero(FALLING - [0, 0.5, 0.1], FALLING) == "Some of yours are negative; no right value is."
    assert below_zero(np.array([-0.2, 0.7]), np.array([0.6, -0.6])) == ""


@pytest.mark.parametrize(
    ("got", "said"),
    [
        ((2.0, 2.5), "the right value rises by 2; yours rises by 0.5"),
        ((2.0, 1.5), "the right value rises by 2; yours falls by 0.5"),
        ((5.0, 7.05), ""),
        ((5.0, np.nan), ""),
    ],
)
def test_of_a_change(got, said):
    one, other = (np.array([value, value]) for value in got)
    assert change_of((one, other), (np.array([1.0, 1.0]), np.array([3.0, 3.0]))) == said
    assert change_of((one, other), (np.array([1.0]), np.array([1.0]))) == ""
