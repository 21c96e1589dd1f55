"""What can be said of a wrong array beside the right one where no misconception is known to give it. Each property is a
sentence that holds for the numbers as they are, whatever the reason."""

from collections.abc import Callable

import numpy as np

from autograder.sandbox.outcomes import Array

EQUAL = 1e-4
"""Relative to the greatest value; far below what the tolerance forgives, so that nothing holds by chance."""


def property_of(got: Array, expected: Array) -> str:
    """The first that holds, "" where none does. Both of one shape, not empty, and not equal."""
    if not np.isfinite(got).all():
        return ""
    known = ORDERS if expected.dtype.kind == "i" else VALUES
    with np.errstate(all="ignore"):  # numbers too large to be multiplied are close to nothing
        return next((said for told in known if (said := told(got, expected))), "")


def _reversed(got: Array, expected: Array) -> str:
    return "They are the right ones in the opposite order." if np.array_equal(got[::-1], expected) else ""


def _another_order(got: Array, expected: Array) -> str:
    if sorted(got.tolist()) != sorted(expected.tolist()):
        return ""
    right = _right_at_first(got, expected)
    return f"They are the right ones in another order{f'; the first {right} are in place' if right else ''}."


def _some_right(got: Array, expected: Array) -> str:
    among = len({*got.tolist()} & {*expected.tolist()})
    if not among:
        return "None of them is among the right ones."
    right = _right_at_first(got, expected)
    return f"{among} of the {len(expected)} are right{f', the first {right} in place' if right else ''}."


def _right_at_first(got: Array, expected: Array) -> int:
    return int(np.cumprod(got == expected).sum())


def _zero(got: Array, _: Array) -> str:
    return "Yours is zero everywhere." if not got.any() else ""


def _multiple(got: Array, expected: Array) -> str:
    ours, theirs = expected.astype(np.float64).reshape(-1), got.astype(np.float64).reshape(-1)
    square = float(ours @ ours)
    factor = float(ours @ theirs) / square if square else 0.0
    if not factor or not _close(theirs, factor * ours):
        return ""
    if abs(factor + 1) < EQUAL:
        return "It is the right one with the opposite sign."
    if len(ours) == 1:
        return ""  # one number is a multiple of every other
    return f"It is the right one times {factor:.4g}."


def _rows_multiple(got: Array, expected: Array) -> str:
    if expected.ndim != 2 or expected.shape[1] < 2:
        return ""
    norms = [np.linalg.norm(each.astype(np.float64), axis=1, keepdims=True) for each in (got, expected)]
    if not all(each.all() for each in norms) or not _close(got / norms[0], expected / norms[1]):
        return ""
    return "Every row points where it should, but is of another length."


def _shuffled_rows(got: Array, expected: Array) -> str:
    if expected.ndim < 2 or len(expected) < 2:
        return ""
    rows = [each.astype(np.float64).reshape(len(each), -1) for each in (got, expected)]
    ordered = [each[np.lexsort(each.round(3).T)] for each in rows]
    return "The rows are the right ones in another order." if _close(*ordered) else ""


def _shifted(got: Array, expected: Array) -> str:
    gap = got.astype(np.float64) - expected.astype(np.float64)
    if gap.size == 1 or not _close(gap, np.full_like(gap, gap.mean())):
        return ""
    return f"Every value is {abs(gap.mean()):.4g} too {'large' if gap.mean() > 0 else 'small'}."


def _close(one: Array, other: Array) -> bool:
    return bool((np.abs(one - other) <= EQUAL * np.abs(other).max()).all())


Property = Callable[[Array, Array], str]
ORDERS: tuple[Property, ...] = (_reversed, _another_order, _some_right)
"""Of numbers that stand for things, the best first."""
VALUES: tuple[Property, ...] = (_zero, _multiple, _rows_multiple, _shuffled_rows, _shifted)
