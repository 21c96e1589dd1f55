"""Recognises parameters by what they do: a weight may be transposed or flat in a student's module, and still be the
same layer."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import nn

from autograder.ps7.guest.probes.seeding import drawn, fill

AXES = {
    1: ((0,),),
    2: ((0, 1), (1, 0)),
    4: ((0, 1, 2, 3), (1, 0, 2, 3), (2, 3, 1, 0), (2, 3, 0, 1), (1, 2, 3, 0), (0, 2, 3, 1)),
}
"""Orders of axes in use, by number: torch's, with channels exchanged, TensorFlow's, and a matrix of patches."""
MOST = 24
"""The most arrangements that are tried."""

Shape = tuple[int, ...]
Arrangement = tuple[tuple[int, int], ...]
"""For each parameter, its slot and its form; empty where the parameters are as in torch's own layers."""


def arrangement_of(
    module: nn.Module, shapes: Sequence[Shape], seed: int, agrees: Callable[[nn.Module], bool]
) -> Arrangement | None:
    """How random parameters of an architecture with these `shapes` lie in the module so that it `agrees`.

    None where that cannot be: then its parameters are only known by their shapes.
    """
    own = list(module.parameters())
    values = drawn(shapes, seed)
    if sum(map(torch.numel, own)) != sum(map(torch.numel, values)):
        return None
    fill(module, seed)
    if sorted(map(_shape, own)) == sorted(shapes) and agrees(module):
        return ()
    slots = _slots(values)
    numbered = list(enumerate(slots))
    # A student who writes one weight in a form of their own writes all weights in that form.
    alike = (_arrangements(own, numbered, style) for style in range(max(len(slot.forms) for slot in slots)))
    for arrangement in itertools.islice(itertools.chain(*alike, _arrangements(own, numbered)), MOST):
        _lay(own, slots, arrangement)
        if agrees(module):
            return tuple(arrangement)
    return None


def fill_as(module: nn.Module, arrangement: Arrangement | None, shapes: Sequence[Shape], seed: int) -> list[Shape]:
    """Fills the module with random parameters of an architecture of these `shapes`, in this arrangement.

    Returns the shapes that the module's own parameters stand for, in their order (for a matrix that includes the bias,
    the weight's shape).
    """
    own = list(module.parameters())
    slots = _slots(drawn(shapes, seed))
    places = [slots[slot].forms[form] for slot, form in arrangement or ()]
    if not places or list(map(torch.numel, places)) != list(map(torch.numel, own)):
        fill(module, seed)
        return list(map(_shape, own))
    _lay(own, slots, arrangement or ())
    return [slots[slot].shape for slot, _ in arrangement or ()]


def _lay(own: Sequence[torch.Tensor], slots: "Sequence[Slot]", arrangement: Sequence[tuple[int, int]]) -> None:
    with torch.no_grad():
        for parameter, (slot, form) in zip(own, arrangement, strict=True):
            parameter.copy_(slots[slot].forms[form].reshape(parameter.shape))


def _shape(parameter: torch.Tensor) -> Shape:
    return tuple(parameter.shape)


class Slot:
    """A parameter of the architecture, or a weight and its bias as one matrix, and the forms that it may have."""

    def __init__(self, parts: frozenset[int], shape: Shape, forms: Sequence[torch.Tensor]) -> None:
        self.parts, self.shape, self.forms = parts, shape, forms

    def fitting(self, shape: Shape) -> Iterator[int]:
        """The forms that a parameter of `shape` may have, by their numbers."""
        return (number for number, form in enumerate(self.forms) if _merges(_shape(form), shape))


def _slots(values: Sequence[torch.Tensor]) -> list[Slot]:
    slots = []
    for index, value in enumerate(values):
        forms = [value.permute(axes) for axes in AXES.get(value.ndim, (tuple(range(value.ndim)),))]
        slots.append(Slot(frozenset((index,)), _shape(value), forms))
        if value.ndim == 2 and index + 1 < len(values):
            bias = values[index + 1][:, None]
            both = [torch.cat(order, dim=1) for order in ((value, bias), (bias, value))]
            forms = [each for matrix in both for each in (matrix, matrix.T)]
            slots.append(Slot(frozenset((index, index + 1)), _shape(value), forms))
    return slots


def _arrangements(
    own: Sequence[torch.Tensor], slots: Sequence[tuple[int, Slot]], style: int | None = None
) -> Iterator[list[tuple[int, int]]]:
    """All ways to give each parameter a slot of its own; with a `style` only those in which all weights have that
    form."""
    if not own:
        yield []
        return
    first, *others = own
    for number, slot in sorted(slots, key=lambda each: each[1].shape != _shape(first)):
        for form in slot.fitting(_shape(first)):
            if style in (None, form) or len(slot.forms) == 1:
                remaining = [each for each in slots if not each[1].parts & slot.parts]
                for rest in _arrangements(others, remaining, style):
                    yield [(number, form), *rest]


def _merges(shape: Shape, into: Shape) -> bool:
    """Whether `into` has the axes of `shape`, with some neighbours merged, not counting axes of length 1."""
    axes = [size for size in shape if size != 1]
    for size in (size for size in into if size != 1):
        length = 1
        while axes and length < size:
            length *= axes.pop(0)
        if length != size:
            return False
    return not axes
