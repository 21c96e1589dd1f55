"""What can be said of a wrong array beside the right one, where no known misconception gives it. Each property is a
sentence that is true of the numbers as they are, whatever the cause."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from autograder.guest.outcomes import Array

EQUAL = 1e-4
"""Relative to the greatest value; far below what the tolerance forgives, so that no property holds by chance."""
LONG = 20
"""How many values in a row make a sequence, such as the losses of epochs."""
ENOUGH = 3
"""In how many cases the same factor is not an accident."""
SOME = 0.05
"""A relative change that is large enough to be mentioned."""
FAR = 1.2
"""A factor between whole arrays that is large enough to be mentioned, up or down."""


@np.errstate(all="ignore")  # numbers too large to be multiplied; they are close to nothing
def property_of(got: Array, expected: Array) -> str:
    """The first property that holds, "" where none does. Both arrays have one shape, are not empty, and are not
    equal."""
    if not np.isfinite(got).all() or not np.isfinite(expected).all():
        return ""
    # Whole numbers in a row stand for things, or they are counts: nothing can be said of both kinds.
    in_a_row = expected.ndim == 1 and expected.size > 1
    known = VALUES if expected.dtype.kind != "i" else ORDERS if in_a_row else ()
    return next((said for told in known if (said := told(got, expected))), "")


@np.errstate(all="ignore")
def property_of_all(got: Sequence[Array], expected: Sequence[Array]) -> str:
    """The first property that holds of single numbers, one from each case; "" where none does."""
    pairs = [(g, e) for g, e in zip(got, expected, strict=True) if _is_one_number(g) and _is_one_number(e)]
    theirs, ours = (np.array([pair[side].flat[0] for pair in pairs], dtype=np.float64) for side in (0, 1))
    if len(ours) < ENOUGH or not all(np.isfinite(each).all() for each in (*got, *expected)) or close(theirs, ours):
        return ""
    said = next((said for told in (_zero, _multiple, _shifted) if (said := told(theirs, ours))), "")
    return f"In all {len(ours)} cases: {said[0].lower()}{said[1:]}" if said else ""


@np.errstate(all="ignore")
def times(got: Sequence[Array], other: Sequence[Array]) -> float | None:
    """The factor from the other numbers to those that came, where it is the same in all cases and not an accident;
    else None."""
    if [each.shape for each in got] != [each.shape for each in other]:
        return None
    ours, theirs = _together(other), _together(got)
    if not np.isfinite(ours).all():
        return None
    enough = sum(1 if _is_one_number(each) else each.size for each in other) >= ENOUGH
    if not enough or not np.isfinite(theirs).all() or not ours.any():
        return None
    factor = _factor(theirs, ours)
    is_it = all(close(mine, factor * each) for mine, each in zip(got, other, strict=True))
    return factor if factor and is_it else None


@np.errstate(all="ignore")
def half_right(got: Array, expected: Array) -> str:
    """For a field with one half for each mode: which half is right; "" where neither or both are."""
    if expected.ndim == 0 or len(expected) % 2 or not np.isfinite(got).all():
        return ""
    training, evaluation = (close(*both) for both in zip(np.split(got, 2), np.split(expected, 2), strict=True))
    if training == evaluation:
        return ""
    one, other = ("training", "evaluation") if training else ("evaluation", "training")
    return f"It is right in {one} mode, but not in {other} mode."


@np.errstate(all="ignore")
def below_zero(got: Array, expected: Array) -> str:
    """Says that the array has values below 0 where the right one has none."""
    if not (expected >= 0).all() or not (got < 0).any():
        return ""
    return (
        "Yours is negative; the right value is not."
        if _is_one_number(got)
        else "Some of yours are negative; no right value is."
    )


@np.errstate(all="ignore")
def size_of(got: Array, expected: Array) -> str:
    """How large it is beside the right one: the little that can be said where no property holds."""
    theirs, ours = (each.astype(np.float64).reshape(-1) for each in (got, expected))
    if expected.dtype.kind == "i" or _is_one_number(ours) or not np.isfinite([theirs, ours]).all():
        return ""
    if (ours > 0).all() and (theirs > 0).all():
        low, high = float((theirs / ours).min()), float((theirs / ours).max())
        if low > 1 - EQUAL:
            return f"No value is too small: yours are {low:.4g} to {high:.4g} times the right ones."
        if high < 1 + EQUAL:
            return f"No value is too large: yours are {low:.4g} to {high:.4g} times the right ones."
    length, right = np.linalg.norm(theirs), np.linalg.norm(ours)
    if not length or not right or 1 / FAR < length / right < FAR:
        return ""
    return f"Overall (by the root of the sum of squares) yours are {length / right:.2g} times as large."


@np.errstate(all="ignore")
def change_of(got: tuple[Array, Array], expected: tuple[Array, Array]) -> str:
    """How a single number changes from one case to another, beside how it should change; "" where it changes as it
    should."""
    if not all(_is_one_number(each) and np.isfinite(each).all() for each in (*got, *expected)):
        return ""
    theirs, ours = (float(other.flat[0]) - float(one.flat[0]) for one, other in (got, expected))
    if not ours or abs(theirs - ours) <= SOME * abs(ours):
        return ""
    right, yours = ("rises" if change > 0 else "falls" for change in (ours, theirs))
    return f"the right value {right} by {abs(ours):.3g}; yours {yours} by {abs(theirs):.3g}"


def _is_one_number(array: Array) -> bool:
    """Whether all values are the same, for example a loss that was asked for twice."""
    return array.size > 0 and bool(np.ptp(array) <= EQUAL * np.abs(array.astype(np.float64)).max())


def _together(arrays: Iterable[Array]) -> Array:
    return np.concatenate([each.astype(np.float64).reshape(-1) for each in arrays] or [np.zeros(0)])


def _factor(got: Array, expected: Array) -> float:
    """The factor by least squares."""
    square = float(expected @ expected)
    return float(expected @ got) / square if square else 0.0


def _reversed(got: Array, expected: Array) -> str:
    return "These are the right ones in the opposite order." if np.array_equal(got[::-1], expected) else ""


def _another_order(got: Array, expected: Array) -> str:
    if sorted(got.tolist()) != sorted(expected.tolist()):
        return ""
    right = _right_at_first(got, expected)
    return f"These are the right ones in another order{f'; {_first(right)} in place' if right else ''}."


def _some_right(got: Array, expected: Array) -> str:
    among = len({*got.tolist()} & {*expected.tolist()})
    if not among:
        return "None of yours is among the right ones."
    right = _right_at_first(got, expected)
    verb = "are" if among > 1 else "is"
    return f"{among} of the {len(expected)} {verb} right{f'; {_first(right)} in place' if right else ''}."


def _first(count: int) -> str:
    return f"the first {count} are" if count > 1 else "the first one is"


def _right_at_first(got: Array, expected: Array) -> int:
    return int(np.cumprod(got == expected).sum())


def _zero(got: Array, _: Array) -> str:
    return "Yours is zero everywhere." if not got.any() else ""


def _multiple(got: Array, expected: Array) -> str:
    ours, theirs = expected.astype(np.float64).reshape(-1), got.astype(np.float64).reshape(-1)
    factor = _factor(theirs, ours)
    if not factor or not close(theirs, factor * ours):
        return ""
    if abs(factor + 1) < EQUAL:
        return "Yours is the right result with the opposite sign."
    if _is_one_number(ours):
        return ""  # a multiple of every other array
    return f"Yours is the right result times {factor:.4g}."


def _rows_multiple(got: Array, expected: Array) -> str:
    if expected.ndim != 2 or expected.shape[1] < 2:
        return ""
    norms = [np.linalg.norm(each.astype(np.float64), axis=1, keepdims=True) for each in (got, expected)]
    if not all(each.all() for each in norms) or not close(got / norms[0], expected / norms[1]):
        return ""
    return "Every row has the right direction, but the wrong length."


def _shuffled_rows(got: Array, expected: Array) -> str:
    if expected.ndim < 2 or len(expected) < 2:
        return ""
    rows = [each.astype(np.float64).reshape(len(each), -1) for each in (got, expected)]
    ordered = [each[np.lexsort(each.round(3).T)] for each in rows]
    return "These are the right rows in another order." if close(*ordered) else ""


def _shifted(got: Array, expected: Array) -> str:
    gap = got.astype(np.float64) - expected.astype(np.float64)
    if _is_one_number(expected.reshape(-1)) or not close(gap, np.full_like(gap, gap.mean())):
        return ""
    return f"Every value is {abs(gap.mean()):.4g} too {'large' if gap.mean() > 0 else 'small'}."


def _right_until(got: Array, expected: Array) -> str:
    if expected.ndim != 1 or len(expected) < LONG:
        return ""
    alike = np.abs(got - expected) <= EQUAL * np.abs(expected)
    right = int(np.cumprod(alike).sum())
    if right < ENOUGH or alike.sum() > right:
        return ""
    return f"The first {right} values are right, and none after them."


def close(one: Array, other: Array) -> bool:
    """Whether two arrays are the same up to rounding, relative to the greatest value of the second. Both have one
    shape."""
    ours, theirs = other.astype(np.float64), one.astype(np.float64)
    if not np.isfinite(ours).all():
        return bool(np.array_equal(theirs, ours, equal_nan=True))
    return bool((np.abs(theirs - ours) <= EQUAL * np.abs(ours).max(initial=0.0)).all())


Property = Callable[[Array, Array], str]
ORDERS: tuple[Property, ...] = (_reversed, _another_order, _some_right)
"""For numbers that stand for things, with the best first."""
VALUES: tuple[Property, ...] = (_zero, _multiple, _rows_multiple, _shuffled_rows, _shifted, _right_until)
