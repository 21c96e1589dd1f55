"""A partition that promises no order gives no order, and still partitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.late import Late, torch

partitions = Late("autograder.ps7.guest.probes.partitions")
VALUES = [0.3, -1.0, 2.5, 0.7, 0.1, 1.9, -0.4, 0.9]


@pytest.fixture(autouse=True)
def unsorted():
    with partitions.unsorted():
        yield


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40, unique=True), st.data())
def test_of_numpy(values, data):
    kth = data.draw(st.integers(-len(values), len(values) - 1))
    found = np.argpartition(np.array(values), kth)
    place = kth % len(values)
    low, high = found[:place].tolist(), found[place + 1 :].tolist()
    assert sorted(found.tolist()) == list(range(len(values)))
    assert sorted(values)[place] == values[found[place]]
    assert all(values[each] <= values[found[place]] for each in low)
    assert low == sorted(low)
    assert high == sorted(high)
    assert np.partition(np.array(values), kth).tolist() == [values[each] for each in found]


def test_along_an_axis():
    table = np.array([VALUES, VALUES[::-1]])
    assert np.argpartition(table, -3, axis=1)[:, -3:].tolist()[0] == [7, 2, 5]
    assert np.array_equal(np.argpartition(table.T, -3, axis=0).T, np.argpartition(table, -3, axis=1))


def test_of_an_array_that_came_from_a_tensor():
    array = torch.tensor(VALUES).numpy()
    assert (-array).argpartition(2)[:2].tolist() == [2, 5]
    in_place = array.copy()
    in_place.partition(4)
    assert np.allclose(in_place, np.partition(array, 4))
    assert type(np.asarray(array)) is np.ndarray


@pytest.mark.parametrize("call", [lambda x, **k: x.topk(3, **k), lambda x, **k: torch.topk(x, 3, **k)])
def test_of_torch(call):
    best = call(torch.tensor(VALUES), sorted=False)
    assert best.indices.tolist() == [2, 5, 7]
    assert torch.allclose(best.values, torch.tensor([2.5, 1.9, 0.9]))
    assert call(torch.tensor(VALUES)).indices.tolist() == [2, 5, 7]
    assert call(torch.tensor(VALUES), largest=False, sorted=False).indices.tolist() == [1, 4, 6]


def test_afterwards_all_is_as_it_was():
    with partitions.unsorted():
        pass
    assert np.argpartition is partitions.argpartition  # that of the fixture, which is still active
