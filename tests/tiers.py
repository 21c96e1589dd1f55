"""The part of a large whole that `make test` takes; `make test-all` takes all of it. docs/development.md, "Tests"."""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar
from zlib import crc32

import pytest

Each = TypeVar("Each", bound=str)


def drawn(name: str, among: Iterable[Each]) -> Each:
    """Whether to take one of them: always the same for the same name, and for most names the same when others are
    added."""
    return min(among, key=lambda each: crc32(f"{name} {each}".encode()))


def every_second(name: str, among: Collection[str]) -> set[str]:
    """Half of them; the other half for another name."""
    return {each for each in among if crc32(f"{name} {each}".encode()) % 2}


def few(groups: Mapping[str, Collection[str]], most: int) -> set[str]:
    """That many of each group."""
    return {name for group in groups.values() for name in sorted(group, key=lambda each: crc32(each.encode()))[:most]}


def slow_but(names: Iterable[str], chosen: Collection[str]) -> list[object]:
    """Parameters of a test; all except these are marked as slow."""
    return [pytest.param(name, marks=() if name in chosen else pytest.mark.slow) for name in names]
