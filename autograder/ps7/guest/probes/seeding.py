"""Random numbers from seeds, the same on every machine, and modules filled with them, whatever the names of their
layers."""

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from autograder.guest.namespace import Unusable


def generator(seed: int, *labels: object) -> np.random.Generator:
    """A generator for one purpose: the labels separate the streams of one seed."""
    return np.random.default_rng([seed, zlib.crc32(repr(labels).encode())])


def normal(seed: int, label: object, shape: tuple[int, ...], deviation: float = 1.0) -> torch.Tensor:
    """Normal random numbers in float32."""
    return torch.from_numpy((generator(seed, label).standard_normal(shape) * deviation).astype(np.float32))


def unit_rows(table: torch.Tensor) -> torch.Tensor:
    """A table in which every row has norm 1."""
    return table / table.norm(dim=1, keepdim=True)


def uniform(seed: int, label: object, shape: tuple[int, ...]) -> torch.Tensor:
    """Random numbers in [0, 1) in float32."""
    return torch.from_numpy(generator(seed, label).random(shape, dtype=np.float32))


def images(seed: int, count: int, channels: int = 3, size: int = 64) -> torch.Tensor:
    """(count, channels, size, size) in [0, 1): smooth patches of many brightnesses, so that no two batches have the
    same gradient."""
    random = generator(seed, "images")
    coarse = random.random((count, channels, 8, 8)) * random.random((count, 1, 1, 1))
    fine = random.random((channels, size, size), dtype=np.float32)
    picture = (0.8 * coarse).astype(np.float32).repeat(size // 8, axis=2).repeat(size // 8, axis=3) + 0.2 * fine
    return torch.from_numpy(picture)


def materialise(module: nn.Module, inputs: torch.Tensor) -> None:
    """Gives lazy layers their shapes; their parameters have none before the first input."""
    if any(is_lazy(parameter) for parameter in module.parameters()):
        with torch.no_grad():
            module(inputs)


def fill(module: nn.Module, seed: int) -> None:
    """Gives every parameter random values that depend only on shapes, not on names or on the order of layers.

    Two modules of the same architecture then compute the same function, however they are written. A weight is known by
    its shape, and only weights of one shape are told apart by their order; a bias is known by its weight.
    """
    weights: list[tuple[nn.Parameter, object]] = []
    biases: list[tuple[nn.Parameter, list[nn.Parameter]]] = []
    seen: Counter[tuple[int, ...]] = Counter()
    for layer in module.modules():
        own = [parameter for parameter in layer._parameters.values() if parameter is not None]
        matrices = [parameter for parameter in own if parameter.ndim >= 2]
        for matrix in matrices:
            weights.append((matrix, (tuple(matrix.shape), seen[tuple(matrix.shape)])))
            seen[tuple(matrix.shape)] += 1
        # A layer with one weight owns its bias; parameters outside of layers are paired up over the whole module.
        biases += [(parameter, matrices if len(matrices) == 1 else []) for parameter in own if parameter.ndim < 2]
    with torch.no_grad():
        for weight, label in weights:
            weight.copy_(normal(seed, label, tuple(weight.shape), _deviation(tuple(weight.shape))))
        for bias, label in _pair(biases, weights):
            bias.copy_(normal(seed, label, tuple(bias.shape), _deviation(tuple(bias.shape))))


def drawn(shapes: Sequence[tuple[int, ...]], seed: int) -> list[torch.Tensor]:
    """The values that `fill` gives to the parameters of layers with these shapes; every bias comes right after its
    weight."""
    values: list[torch.Tensor] = []
    seen: Counter[tuple[int, ...]] = Counter()
    label: object = None
    for shape in shapes:
        if len(shape) >= 2:
            label = (shape, seen[shape])
            seen[shape] += 1
        values.append(normal(seed, label if len(shape) >= 2 else ("bias", label, 0), shape, _deviation(shape)))
    return values


def _pair(
    biases: list[tuple[nn.Parameter, list[nn.Parameter]]], weights: list[tuple[nn.Parameter, object]]
) -> list[tuple[nn.Parameter, object]]:
    """Each bias with its weight's label: the layer's own weight, else the first weight of its width that has no bias
    yet."""
    taken: Counter[object] = Counter()
    paired: list[tuple[nn.Parameter, object]] = []
    for bias, own in biases:
        candidates = [label for weight, label in weights if any(weight is each for each in own)] or [
            label for weight, label in weights if not taken[label] and bias.numel() in weight.shape[:2]
        ]
        label = candidates[0] if candidates else tuple(bias.shape)
        paired.append((bias, ("bias", label, taken[label])))
        taken[label] += 1
    return paired


def _deviation(shape: tuple[int, ...]) -> float:
    """Keeps the signal's size through four layers, with biases so large that every activation gets values of both
    signs."""
    if len(shape) < 2:
        return 0.3
    return float(2.0 / np.sqrt(np.prod(shape) / max(shape[:2])))


def module_of(made: Any, what: str) -> nn.Module:
    """`made`, if it is a module. Raises Unusable."""
    if isinstance(made, nn.Module):
        return made
    raise Unusable(f"{what} does not make a torch module, but {_kind(made)}.")


def tensor_of(output: Any, what: str) -> torch.Tensor:
    """`output`, if it is a tensor. Raises Unusable."""
    if isinstance(output, torch.Tensor):
        return output
    raise Unusable(f"{what} gives {_kind(output)}, not a tensor.")


def _kind(value: Any) -> str:
    return "None" if value is None else f"an object of type {type(value).__name__[:40]}"


def parameters_of(module: nn.Module) -> torch.Tensor:
    """All parameters in one vector, a copy."""
    return torch.cat([torch.zeros(0), *(parameter.detach().reshape(-1).clone() for parameter in module.parameters())])


def gradient_of(leaf: torch.Tensor) -> torch.Tensor:
    """A gradient of the leaf's shape, zero where none arrived."""
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def sample(tensor: torch.Tensor, count: int = 400) -> Any:
    """About `count` values spread evenly over the flattened tensor; all of them where it is small."""
    values = tensor.detach().reshape(-1)
    # A step without small factors in common with the usual sizes, so that every channel and column is reached.
    step = max(1, values.numel() // count) | 1
    return values[::step].numpy()
