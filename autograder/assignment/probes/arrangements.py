"""Parameters known by what they do: a weight may lie transposed or flat in a student's module, and still be the same
layer."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from autograder.assignment.probes.seeding import fill

AXES = {
    1: ((0,),),
    2: ((0, 1), (1, 0)),
    4: ((0, 1, 2, 3), (1, 0, 2, 3), (2, 3, 1, 0), (2, 3, 0, 1), (1, 2, 3, 0), (0, 2, 3, 1)),
}
"""Orders of axes in use, by their number: that of torch, exchanged channels, TensorFlow's, and a matrix of patches."""
MOST = 24
"""Arrangements that are tried."""

Shape = tuple[int, ...]


def fill_alike(
    module: nn.Module,
    pattern: nn.Module,
    seed: int,
    inputs: torch.Tensor,
    view: Callable[[torch.Tensor], torch.Tensor] = lambda output: output,
) -> list[Shape] | None:
    """Gives both modules the same random parameters, in the arrangement in which `view` of their outputs is the same.

    Returns the shapes of the pattern's parameters that the module's own stand for, in their order (of a matrix that
    holds the bias too, the weight's). None where no arrangement makes the module the pattern's function: then its
    parameters are known by their shapes alone.
    """
    fill(pattern, seed)
    fill(module, seed)
    with torch.no_grad():
        wanted = view(pattern(inputs))
    own = list(module.parameters())
    if sum(map(torch.numel, own)) != sum(map(torch.numel, pattern.parameters())):
        return None
    if sorted(map(_shape, own)) == sorted(map(_shape, pattern.parameters())) and _agrees(module, inputs, wanted, view):
        return [_shape(parameter) for parameter in own]
    for arrangement in itertools.islice(_arrangements(own, _slots(pattern)), MOST):
        with torch.no_grad():
            for parameter, (_, value) in zip(own, arrangement, strict=True):
                parameter.copy_(value.reshape(parameter.shape))
        if _agrees(module, inputs, wanted, view):
            return [shape for shape, _ in arrangement]
    fill(module, seed)
    return None


def _agrees(
    module: nn.Module, inputs: torch.Tensor, wanted: torch.Tensor, view: Callable[[torch.Tensor], torch.Tensor]
) -> bool:
    try:
        with torch.no_grad():
            output: Any = view(module(inputs.clone()))
        return bool(output.shape == wanted.shape) and torch.allclose(output.float(), wanted, rtol=1e-3, atol=1e-4)
    except Exception:
        return False


def _shape(parameter: torch.Tensor) -> Shape:
    return tuple(parameter.shape)


class Slot:
    """A parameter of the pattern, or a weight with its bias as one matrix, and the ways in which it may lie."""

    def __init__(self, parts: frozenset[int], shape: Shape, forms: Sequence[torch.Tensor]) -> None:
        self.parts, self.shape, self.forms = parts, shape, forms

    def fitting(self, shape: Shape) -> Iterator[torch.Tensor]:
        """The forms that a parameter of `shape` may be."""
        return (form for form in self.forms if _merges(_shape(form), shape))


def _slots(pattern: nn.Module) -> list[Slot]:
    parameters = list(pattern.parameters())
    slots = []
    for index, parameter in enumerate(parameters):
        value = parameter.detach()
        forms = [value.permute(axes) for axes in AXES.get(value.ndim, (tuple(range(value.ndim)),))]
        slots.append(Slot(frozenset((index,)), _shape(value), forms))
        if value.ndim == 2 and index + 1 < len(parameters):
            bias = parameters[index + 1].detach()[:, None]
            both = [torch.cat(order, dim=1) for order in ((value, bias), (bias, value))]
            forms = [each for matrix in both for each in (matrix, matrix.T)]
            slots.append(Slot(frozenset((index, index + 1)), _shape(value), forms))
    return slots


def _arrangements(own: Sequence[torch.Tensor], slots: Sequence[Slot]) -> Iterator[list[tuple[Shape, torch.Tensor]]]:
    """All ways to give each parameter a slot of its own."""
    if not own:
        yield []
        return
    first, *others = own
    for slot in sorted(slots, key=lambda slot: slot.shape != _shape(first)):
        for form in slot.fitting(_shape(first)):
            remaining = [each for each in slots if not each.parts & slot.parts]
            for rest in _arrangements(others, remaining):
                yield [(slot.shape, form), *rest]


def _merges(shape: Shape, into: Shape) -> bool:
    """Whether `into` has the axes of `shape`, some of them merged with their neighbours, axes of length 1 apart."""
    axes = [size for size in shape if size != 1]
    for size in (size for size in into if size != 1):
        length = 1
        while axes and length < size:
            length *= axes.pop(0)
        if length != size:
            return False
    return not axes
