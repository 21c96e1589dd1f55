"""Fixtures that several rooms share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from autograder.assignment.files import PS7
from autograder.grading.rubric import Rubric, load
from autograder.sandbox.host import Zygote

# A deadline is an absolute time, and machines differ.
settings.register_profile("ps7", deadline=None)
settings.load_profile("ps7")


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    return load(PS7.rubric)


@pytest.fixture(scope="session")
def zygote(rubric: Rubric) -> Iterator[Zygote]:
    """One for the whole session: its imports take seconds, a guest milliseconds."""
    with Zygote(rubric.environment) as started:
        yield started
