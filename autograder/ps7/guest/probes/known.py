"""What is known of the architectures that the assignment asks for, in order to find out which of a student's parameters
is which: their shapes, and numbers that the reference gave once for parameters and inputs that no check asks for.

It is numbers and no code, because a student can take any code that a guest runs. `ps7 build known` records the numbers.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes.arrangements import Arrangement, Shape, arrangement_of
from autograder.ps7.guest.probes.seeding import fill, materialise, normal, sample, uniform

FILE = Path(__file__).with_name("known.json")
NUMBERS: dict[str, list[float]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
"""Maps a component to a sample of its output. Read at once, because a guest can read no file of ours."""
SEED = 17
CHANNELS = (3, 12, 24, 48, 24)
WIDTH, TEXT = 256, 768


class Architecture(NamedTuple):
    """How a component is made, its parameters as torch has them, and the input by which it is recognised."""

    arguments: tuple[int, ...]
    shapes: tuple[Shape, ...]
    inputs: torch.Tensor
    view: Callable[[torch.Tensor], torch.Tensor] = lambda output: output
    """The part of the output that has to be right."""


def direction(output: torch.Tensor) -> torch.Tensor:
    """The direction of every row: whether a row is normalised is another question."""
    return functional.normalize(output, dim=-1)


def linear(features: int, width: int) -> tuple[Shape, ...]:
    """The shapes of a linear layer's weight and bias."""
    return (width, features), (width,)


ARCHITECTURES = {
    "Encoder": Architecture(
        (),
        tuple(shape for into, out in pairwise(CHANNELS) for shape in ((out, into, 4, 4), (out,))),
        uniform(SEED, "pixels", (2, 3, 64, 64)),
    ),
    "Decoder": Architecture(
        (),
        tuple(shape for into, out in pairwise(CHANNELS[::-1]) for shape in ((into, out, 4, 4), (out,))),
        uniform(SEED, "features", (2, 24, 4, 4)),
    ),
    "ProjectionHead": Architecture((TEXT,), linear(TEXT, WIDTH), normal(SEED, "features", (8, TEXT)), direction),
}


def arrangement(notebook: Namespace, component: str, make: Callable[..., nn.Module]) -> Arrangement | None:
    """How the parameters lie in the module that `make` makes of the notebook's component; None where no arrangement
    gives the recorded numbers. Fills the module. For one class it is found only once."""
    made_by, (known_of, found) = notebook[component], notebook.remembered.get(component, (None, None))
    if known_of is not made_by:
        found = _arrangement(component, make)
        notebook.remembered[component] = made_by, found
    return cast("Arrangement | None", found)


def _arrangement(component: str, make: Callable[..., nn.Module]) -> Arrangement | None:
    known, numbers = ARCHITECTURES[component], NUMBERS.get(component, [])

    def agrees(module: nn.Module) -> bool:
        try:
            found = _numbers(component, module)
        except Exception:
            return False
        return len(found) == len(numbers) and bool(np.allclose(found, numbers, rtol=1e-3, atol=1e-4))

    try:
        module = make(*known.arguments)
        materialise(module, torch.zeros_like(known.inputs))
    except Exception:
        return None
    return arrangement_of(module, known.shapes, SEED, agrees)


def record(notebook: Namespace) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays: the numbers of every component, from the reference's own classes with these names. Asked only when the
    assignment is built, never of a student."""
    arrays = {}
    for component, known in ARCHITECTURES.items():
        module = notebook[component](*known.arguments)
        fill(module, SEED)
        arrays[component] = _numbers(component, module)
    return {}, arrays


def _numbers(component: str, module: nn.Module) -> Any:
    known = ARCHITECTURES[component]
    with torch.no_grad():
        return sample(known.view(module(known.inputs.clone()).float()))
