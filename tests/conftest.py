"""Fixtures that several rooms share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from autograder.ps7.student.assignment import PS7
from autograder.student.grading.bank import Bank
from autograder.student.grading.rubric import Rubric, load
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start
from tests.late import Late

# Several processes share the machine; threads of torch that wait for each other slow all of them down.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A deadline is an absolute time, and machines differ. `make test-all` takes the second: --hypothesis-profile all.
settings.register_profile("first", deadline=None, max_examples=25)
settings.register_profile("all", deadline=None, max_examples=1000)
settings.load_profile("first")

TOGETHER = ("tests/test_recipe.py", "tests/ps7/test_frame.py")
"""Modules whose fixture costs more than all their tests; with `-n` they stay in one process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test-item ITEM=encoder`."""
    parser.addoption("--item", default="", help="also everything that a change of this item can touch (test_item.py)")


def pytest_configure(config: pytest.Config) -> None:
    """Ends with an error where the name is not an item's."""
    names = [item.name for item in load(PS7).items]
    if (asked := config.getoption("item")) and asked not in names:
        raise pytest.UsageError(f"there is no item {asked!r}; there are {', '.join(names)}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the tests of one item where no item is named."""
    return True if collection_path.name == "test_item.py" and not config.getoption("item") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest tests come first, and tests that need large libraries in their own process come last
    (tests/late.py)."""

    def place(item: pytest.Item) -> int:
        late = any(isinstance(value, Late) for value in vars(item.module).values())  # type: ignore[attr-defined]
        return 2 if late else not item.nodeid.startswith(TOGETHER)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Keeps a process small as long as it only collects."""
    if "torch" in sys.modules:
        raise pytest.UsageError("a module of tests imports torch as it is collected; see tests/late.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deals out tests one by one in their order, and the modules of TOGETHER as a whole. (pytest 9.2 does not see the
    marks of `--dist loadgroup`.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Dealer(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return module if module in TOGETHER else nodeid

    config.option.loadscopereorder = False
    return Dealer(config, log)


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    return load(PS7)


@pytest.fixture(scope="session")
def bank() -> Bank:
    return PS7.bank()


@pytest.fixture(scope="session")
def plain(rubric: Rubric) -> Iterator[Sandbox]:
    """For honest code: one process for all programs, and each question once. It is a quarter faster than a guest
    each."""
    with Remembering(start(rubric.environment, "none")) as started:
        yield started


@pytest.fixture(scope="session")
def sandbox(rubric: Rubric) -> Iterator[Sandbox]:
    """One zygote for the whole session: its imports take seconds, a guest takes milliseconds."""
    with start(rubric.environment) as started:
        yield started
