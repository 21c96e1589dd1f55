"""Probes of Encoder and Decoder: shapes, parameters, layers, and the function and gradient under secret parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from autograder.assignment.probes.layer_trace import LayerTrace
from autograder.assignment.probes.seeding import fill, materialise, module_of, normal, sample, tensor_of
from autograder.sandbox.namespace import Namespace


def convolutions(
    notebook: Namespace, *, component: str, keywords: Mapping[str, Any], input_shape: Sequence[int], seed: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds `component(**keywords)`, fills it, and sends one batch of `input_shape` forward and back.

    Facts: `output_shape`, `parameter_shapes` (sorted), `after_sigmoid`, `layers`. Arrays: `output` (a sample),
    `gradient` (a sample with respect to the input) and `parameter_gradient` (norms, in the order of shapes).
    """
    torch.manual_seed(seed)
    leaf = normal(seed, "input", tuple(input_shape)).requires_grad_()
    trace = LayerTrace()
    with notebook.theirs():
        module = module_of(notebook[component](**keywords), component)
        materialise(module, torch.zeros(tuple(input_shape)))
        parameters = list(module.parameters())
        fill(module, seed)
        with trace:
            # A copy, so that code which works in place does not meet a leaf.
            output = tensor_of(module(leaf * 1.0), component)
        if output.requires_grad:
            (output * normal(seed, "objective", tuple(output.shape))).sum().backward()
        facts = {
            "output_shape": list(output.shape),
            "parameter_shapes": sorted([list(parameter.shape) for parameter in parameters]),
            # A ReLU there changes no value, so that no comparison of values can see it.
            "after_sigmoid": trace.layers[-1].partition(", then sigmoid")[2].removeprefix(", then ")
            if trace.layers
            else "",
            "layers": trace.layers,
        }
        norms = sorted(
            (tuple(parameter.shape), 0.0 if parameter.grad is None else float(parameter.grad.norm()))
            for parameter in parameters
        )
        return facts, {
            "output": sample(output),
            "gradient": sample(leaf.grad if leaf.grad is not None else torch.zeros(1)),
            "parameter_gradient": [norm for _, norm in norms],
        }
