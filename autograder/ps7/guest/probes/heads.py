"""Probes of ProjectionHead: the linear map and the normalisation, each on its own."""

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
)

NO_STRETCH = 1e-3
"""The least gradient that counts, relative to the gradient of the rows' direction: a length that is always 1 has a
gradient of zero, up to rounding."""


def projection_head(
    notebook: Namespace,
    *,
    embedding_dim: int,
    rows: int,
    seed: int,
    projection_dim: int | None = None,
    scale: float = 1.0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds a head, fills it, and projects `rows` feature vectors, and the same vectors times `scale`.

    Facts: `output_shape`, `parameter_shapes`, `parameters_changed` by `forward`, whether rows are `stretched`,
    `layers`, what runs `beside` them, attributes with `unregistered` layers. Arrays: `output` in training mode and
    below it in evaluation mode; `gradient` of the rows' direction with respect to the features.
    """
    torch.manual_seed(seed)
    notebook.provide(device=torch.device("cpu"), projection_dim=known.WIDTH)
    keywords = {} if projection_dim is None else {"projection_dim": projection_dim}
    expected = known.linear(embedding_dim, projection_dim or known.WIDTH)
    leaf = (scale * normal(seed, "features", (rows, embedding_dim))).requires_grad_()
    trace = LayerTrace()
    with notebook.theirs():
        head = module_of(notebook["ProjectionHead"](embedding_dim, **keywords), "ProjectionHead")
        materialise(head, torch.zeros(rows, embedding_dim))
        arranged = known.arrangement(notebook, "ProjectionHead", notebook["ProjectionHead"])
        fill_as(head, arranged, expected, seed)
        before = parameters_of(head)
        torch.manual_seed(seed)  # independent of random numbers that the constructor drew
        with trace:
            output = tensor_of(head(leaf * 1.0), "ProjectionHead")
        gradient, of_lengths = (
            _gradient(each, leaf, seed) for each in (known.direction(output), output.norm(dim=-1, keepdim=True))
        )
        with torch.no_grad():
            in_evaluation = tensor_of(head.eval()(leaf * 1.0), "ProjectionHead")
        shapes = expected if arranged else [parameter.shape for parameter in head.parameters()]
        facts = {
            "output_shape": list(output.shape),
            "parameter_shapes": sorted(map(list, shapes)),
            "parameters_changed": bool((parameters_of(head) != before).any()),
            "stretched": bool(of_lengths.abs().max() > NO_STRETCH * gradient.abs().max()),
            "layers": trace.layers,
            "beside": trace.beside,
            "unregistered": unregistered(head),
        }
        return facts, {
            "output": torch.cat([output.detach().float(), in_evaluation.float()]),
            "gradient": sample(gradient),
        }


def _gradient(output: torch.Tensor, leaf: torch.Tensor, seed: int) -> torch.Tensor:
    """The gradient of a random objective with respect to the leaf."""
    leaf.grad = None
    if output.requires_grad:
        (output * normal(seed, "objective", tuple(output.shape))).sum().backward(retain_graph=True)
    return gradient_of(leaf)
