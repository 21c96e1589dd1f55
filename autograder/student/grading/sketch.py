"""Makes replies small: enough is left to tell whether two are the same, too little to say how they differ."""

from typing import TypeVar

import msgspec
import numpy as np

from autograder.guest.outcomes import Array, Reply

Answer = TypeVar("Answer")
SUMS = 16


def sketched(outcome: Answer) -> Answer:
    """The outcome with `SUMS` numbers in place of every longer array, linear in its values.

    Every value is added to or subtracted from one of the sums, as hash functions of its place say (the count sketch of
    Charikar, Chen and Farach-Colton, 2002). Arrays that are the same up to rounding therefore stay the same, unless all
    of their values cancel each other. Other arrays differ in most cases: in a large array a single small difference is
    lost. NaN and infinite values have sums of their own.
    """
    if not isinstance(outcome, Reply):
        return outcome
    return msgspec.structs.replace(outcome, arrays={field: _sums(array) for field, array in outcome.arrays.items()})


def _sums(array: Array) -> Array:
    if array.size <= SUMS:
        return array
    if not np.isfinite(array).all():
        # A NaN would make a sum NaN, whatever else is in it.
        kinds = np.select([np.isnan(array), array == np.inf, array == -np.inf], [1.0, 2.0, 3.0])
        return np.concatenate([_sums(np.where(kinds, 0.0, array)), _sums(kinds)])
    # The shape counts too: the same values in another shape have to give something else.
    places = np.arange(array.size, dtype=np.uint64) + np.uint64(len(array.shape) << 32)
    mixed = (places * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)  # Knuth's multiplicative hashing
    signs = np.where(mixed & np.uint64(1), 1.0, -1.0)
    sums: Array = np.bincount(
        ((mixed >> np.uint64(1)) % np.uint64(SUMS)).astype(np.int64), signs * array.reshape(-1), minlength=SUMS
    )
    return sums
