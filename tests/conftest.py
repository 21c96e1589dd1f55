"""Fixtures that several rooms share."""

from collections.abc import Iterator

import pytest

from autograder.rubric import Rubric, load
from autograder.sandbox.host import Zygote


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    return load()


@pytest.fixture(scope="session")
def zygote(rubric: Rubric) -> Iterator[Zygote]:
    """One for the whole session: its imports take seconds, a guest milliseconds."""
    with Zygote(rubric.environment) as started:
        yield started
