"""Compares two replies field by field. It knows numbers, not what they mean."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from autograder.guest.outcomes import Array, Ended, Missing, Outcome, Raised, Reply

ABSENT = "nothing"
ROUNDING = 1e-9
"""How far a value may be from an expected zero, in the units of the array: far below what any check looks at."""


class Difference(msgspec.Struct, frozen=True):
    """One field in which a reply differs from the expected one."""

    field: str
    expected: Any
    got: Any
    distance: float = float("nan")
    """For arrays of one shape: the greatest absolute difference; infinite where only one of the two values is infinite,
    NaN where a value that came is NaN. NaN for everything else."""
    places: int = 0
    """For arrays of one shape: how many values differ."""
    is_shape: bool = False
    """Whether `expected` and `got` are the shapes of arrays."""


def differences(got: Reply, expected: Reply, fields: Iterable[str], tolerance: float) -> list[Difference]:
    """The fields that differ. Numbers may differ by `tolerance` times the greatest absolute value that is expected."""
    found = []
    for field in fields:
        if field in expected.arrays:
            difference = _arrays(field, got.arrays.get(field), expected.arrays[field], tolerance)
        else:
            ours, theirs = expected.facts.get(field), got.facts.get(field, ABSENT)
            difference = None if theirs == ours and type(theirs) is type(ours) else Difference(field, ours, theirs)
        if difference is not None:
            found.append(difference)
    return found


def same(one: Outcome, other: Outcome, fields: Iterable[str], tolerance: float) -> bool:
    """Whether two outcomes are the same in these fields. Two exceptions are the same where their kind and their text
    are."""
    if isinstance(one, Reply) and isinstance(other, Reply):
        return not differences(one, other, fields, tolerance)
    if isinstance(one, Raised) and isinstance(other, Raised):
        return one.kind == other.kind and _steady(one.text) == _steady(other.text)
    if isinstance(one, Missing) and isinstance(other, Missing):
        return one.name == other.name
    return isinstance(one, Ended) and one == other


def _arrays(field: str, got: Array | None, expected: Array, tolerance: float) -> Difference | None:
    if got is None or got.shape != expected.shape:
        return Difference(field, list(expected.shape), ABSENT if got is None else list(got.shape), is_shape=True)
    if expected.size == 0:
        return None
    with np.errstate(invalid="ignore", over="ignore"):  # infinity minus infinity
        gap = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    wrong = _wrong(got, expected, gap, tolerance)
    if not wrong.any():
        return None
    first = int(np.flatnonzero(wrong)[0])
    return Difference(
        field,
        expected.reshape(-1)[first].item(),
        got.reshape(-1)[first].item(),
        distance=_distance(got[wrong], gap[wrong]),
        places=int(wrong.sum()),
    )


def _wrong(got: Array, expected: Array, gap: Array, tolerance: float) -> Array:
    """Where the arrays differ. Whole numbers have no tolerance; NaN and infinity only equal themselves."""
    if expected.dtype.kind == "i":
        return np.asarray(got != expected)
    most = float(np.abs(expected).max())
    if np.isfinite(most):
        return np.asarray(~(gap <= tolerance * most + ROUNDING))  # NaN is never within tolerance
    finite = np.isfinite(expected)
    near = gap <= tolerance * float(np.abs(expected[finite]).max(initial=0.0)) + ROUNDING
    return np.where(finite, ~near, (got != expected) & ~(np.isnan(got) & np.isnan(expected)))


def _distance(got: Array, gap: Array) -> float:
    """The greatest value; NaN where one of the values that came is NaN, infinity where the difference is infinite."""
    if np.isnan(got).any():
        return float("nan")
    return float(np.nan_to_num(gap, nan=np.inf, posinf=np.inf).max())


def _steady(text: str) -> str:
    """The text without memory addresses, which change from run to run."""
    return re.sub(r"0x[0-9a-fA-F]+", "0x", text)
