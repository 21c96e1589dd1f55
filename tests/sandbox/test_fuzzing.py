"""Half a minute of random system calls; ten minutes of them are `python -m tests.sandbox.fuzzing 10`."""

import pytest

from autograder.student.sandbox.starting import can_confine
from tests.sandbox.fuzzing import fuzz


@pytest.mark.slow
@pytest.mark.skipif(not can_confine(), reason="only Linux confines anything")
def test_random_calls_harm_nobody():
    outcomes, scores = fuzz(30.0, seed=1)
    assert set(scores) == {10.0}
    assert outcomes.total() > 4
    assert not [each for each in outcomes if each.startswith("LEFT")]
