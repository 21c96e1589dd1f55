"""Probes of Encoder and Decoder: shapes, parameters, layers, and the function and gradient under secret parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes import known
from autograder.ps7.guest.probes.arrangements import fill_as
from autograder.ps7.guest.probes.layer_trace import LayerTrace, unregistered
from autograder.ps7.guest.probes.seeding import (
    gradient_of,
    materialise,
    module_of,
    normal,
    parameters_of,
    sample,
    tensor_of,
    uniform,
)


def made(
    notebook: Namespace, *, component: str, input_shape: Sequence[int], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds `component()` twice. Sends nothing through them if their layers know their sizes without an input.

    Facts: `parameter_shapes` (sorted), parameters `shared` between the two, attributes with `unregistered` layers.
    """
    torch.manual_seed(seed)
    with notebook.theirs():
        module, other = (module_of(notebook[component](), component) for _ in range(2))
        arranged = known.arrangement(notebook, component, lambda: other)
        materialise(module, torch.zeros(tuple(input_shape)))
        shapes = fill_as(module, arranged, known.ARCHITECTURES[component].shapes, seed)
        facts = {
            "parameter_shapes": sorted(map(list, shapes)),
            "shared": any(parameter is each for parameter in module.parameters() for each in other.parameters()),
            "unregistered": unregistered(module),
        }
        return facts, {}


def convolutions(
    notebook: Namespace, *, component: str, keywords: Mapping[str, Any], input_shape: Sequence[int], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds `component(**keywords)`, fills it, and sends one batch of `input_shape` forward and back. The batch's
    values lie between 0 and 1, as pixels do, and features are not negative either.

    Facts: `output_shape`, `parameters_changed` by `forward`, `after_sigmoid`, `layers`, what runs `beside` them.
    Arrays: `output` (a sample, in training and in evaluation mode), `gradient` (a sample with respect to the input) and
    `parameter_gradient` (norms, in the order of shapes).
    """
    torch.manual_seed(seed)
    leaf = uniform(seed, "input", tuple(input_shape)).requires_grad_()
    trace = LayerTrace()
    with notebook.theirs():
        module, other = (module_of(notebook[component](**keywords), component) for _ in range(2))
        # With other keywords only the shapes matter.
        arranged = None if keywords else known.arrangement(notebook, component, lambda: other)
        materialise(module, torch.zeros(tuple(input_shape)))
        parameters = list(module.parameters())
        shapes = fill_as(module, arranged, known.ARCHITECTURES[component].shapes, seed)
        before = parameters_of(module)
        torch.manual_seed(seed)  # independent of random numbers that the constructor drew
        with trace:
            # A copy, so that code that works in place does not change a leaf.
            output = tensor_of(module(leaf * 1.0), component)
        if output.requires_grad:
            (output * normal(seed, "objective", tuple(output.shape))).sum().backward()
        with torch.no_grad():
            in_evaluation = tensor_of(module.eval()(leaf * 1.0), component)
        facts = {
            "output_shape": list(output.shape),
            "parameters_changed": bool((parameters_of(module) != before).any()),
            # A ReLU after the sigmoid changes no value, so a comparison of values cannot see it.
            "after_sigmoid": trace.layers[-1].partition(", then sigmoid")[2].removeprefix(", then ")
            if trace.layers
            else "",
            "layers": trace.layers,
            "beside": trace.beside,
        }
        norms = sorted(
            (shape, float(gradient_of(parameter).norm())) for shape, parameter in zip(shapes, parameters, strict=True)
        )
        return facts, {
            "output": torch.cat([torch.from_numpy(sample(each)) for each in (output, in_evaluation)]),
            "gradient": sample(gradient_of(leaf)),
            "parameter_gradient": [norm for _, norm in norms],
        }
