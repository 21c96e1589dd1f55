"""Sketches keep equal replies equal, and most different replies different."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autograder.guest.outcomes import Raised, Reply
from autograder.student.grading.compare import same
from autograder.student.grading.sketch import SUMS, sketched

LARGE = arrays(np.float32, st.tuples(st.integers(5, 9), st.integers(5, 30)), elements=st.floats(-8, 8, width=16))
TOLERANCE = 1e-3


def reply(array):
    return Reply(facts={"shape": [1]}, arrays={"x": np.asarray(array)})


def alike(one, other):
    return same(sketched(reply(one)), sketched(reply(other)), ("x", "shape"), TOLERANCE)


@given(LARGE, st.randoms())
def test_rounding_does_not_show(array, chance):
    # Where two values cancel each other exactly, only their rounding is left.
    assume(np.abs(sketched(reply(array)).arrays["x"]).max() >= 1e-3 * np.abs(array).max())
    noise = np.array([chance.uniform(-1, 1) for _ in range(array.size)]).reshape(array.shape)
    assert alike(array, array + 1e-7 * np.abs(array) * noise)


@given(LARGE)
def test_a_sketch_is_linear_and_its_own_sketch(array):
    once = sketched(reply(array))
    assert once.arrays["x"].shape == (SUMS,)
    assert sketched(once).arrays["x"] is once.arrays["x"]
    assert np.allclose(sketched(reply(3 * array)).arrays["x"], 3 * once.arrays["x"])


@given(st.integers(0, 2**32 - 1), st.sampled_from(["factor", "order", "one value", "shape", "sign"]))
def test_other_values_show(seed, change):
    array = np.random.default_rng(seed).normal(size=(12, 10))
    other = array.copy()
    if change == "one value":
        other[3, 4] += 1
    changed = {
        "factor": 1.05 * array,
        "order": array[::-1],
        "one value": other,
        "shape": array.reshape(10, 3, 4),
        "sign": -array,
    }[change]
    assert not alike(array, changed)


@pytest.mark.parametrize("shape", [(), (4,), (2, 8)])
def test_small_arrays_stay_whole(shape):
    array = np.ones(shape)
    assert sketched(reply(array)).arrays["x"] is array


def test_what_is_no_number_is_told_apart():
    odd = np.full(40, np.inf)
    assert alike(odd, odd.copy())
    assert not alike(odd, -odd)
    assert not alike(odd, np.full(40, np.nan))
    assert not alike(np.append(np.ones(39), np.nan), np.append(np.full(39, 2.0), np.nan))
    assert not alike(np.append(np.ones(39), np.nan), np.ones(40))
    assert sketched(Raised("ValueError", "bad")) == Raised("ValueError", "bad")
