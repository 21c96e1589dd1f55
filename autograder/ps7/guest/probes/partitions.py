"""Partitions with a fixed order. numpy and torch promise no order inside the two parts, and on many machines the parts
happen to be sorted; here both are in the order of their original positions."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

_argpartition = np.argpartition


class Unsorted(np.ndarray[Any, Any]):
    """An array whose own methods partition in this way, too."""

    def argpartition(self, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
        """Positions, in an order that `numpy.argpartition` may give."""
        return argpartition(np.asarray(self), kth, axis, kind, order)

    def partition(self, kth: Any, /, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> None:
        """Partitions the array itself."""
        self[...] = partition(np.asarray(self).copy(), kth, axis, kind, order)


def argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    """Positions: those of the lower part, the position `kth`, those of the upper part. Raises what numpy raises."""
    found = np.array(_argpartition(a, kth, axis, kind, order))
    if not isinstance(kth, int | np.integer):
        return found
    length = found.shape[-1 if axis is None else axis]
    middle = int(kth) % length
    rows = np.moveaxis(found, -1 if axis is None else axis, -1)
    rows[..., :middle].sort(axis=-1)
    rows[..., middle + 1 :].sort(axis=-1)
    return found


def partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    """The values at those positions. Raises what numpy raises."""
    values = np.asarray(a)
    positions = argpartition(values, kth, axis, kind, order)
    return values.reshape(-1)[positions] if axis is None else np.take_along_axis(values, positions, axis)


def topk(function: Any) -> Any:
    """torch's `topk`, whose results without `sorted` come in the order of their positions."""

    def found(input: Any, k: Any, dim: int = -1, largest: bool = True, sorted: bool = True, **keywords: Any) -> Any:
        best = function(input, k, dim, largest, sorted, **keywords)
        if sorted or keywords:
            return best
        indices = best.indices.sort(dim=dim).values
        return torch.return_types.topk((input.gather(dim, indices), indices))

    return found


@contextlib.contextmanager
def unsorted() -> Iterator[None]:
    """While active, numpy and torch partition in this way."""
    to_numpy = torch.Tensor.numpy
    patches: list[tuple[Any, str, Any]] = [
        (np, "argpartition", argpartition),
        (np, "partition", partition),
        (torch, "topk", topk(torch.topk)),
        (torch.Tensor, "topk", topk(torch.Tensor.topk)),
        (torch.Tensor, "numpy", lambda tensor, **keywords: to_numpy(tensor, **keywords).view(Unsorted)),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        for owner, name, new in patches:
            setattr(owner, name, new)
        yield
    finally:
        for owner, name, old in before:
            setattr(owner, name, old)
