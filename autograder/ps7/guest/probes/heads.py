"""Probes of ProjectionHead: the linear map and the normalisation, each on its own."""

from typing import Any

import torch

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes import known
from autograder.ps7.guest.probes.arrangements import fill_as
from autograder.ps7.guest.probes.layer_trace import LayerTrace
from autograder.ps7.guest.probes.seeding import (
    gradient_of,
    materialise,
    module_of,
    normal,
    parameters_of,
    sample,
    tensor_of,
)


def projection_head(
    notebook: Namespace,
    *,
    embedding_dim: int,
    rows: int,
    seed: int,
    projection_dim: int | None = None,
    scale: float = 1.0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds a head, fills it and projects `rows` feature vectors, the same ones times `scale`.

    Facts: `output_shape`, `parameter_shapes`, `parameters_changed` by `forward`, `layers`. Arrays: `output` in training
    mode and below it in evaluation mode; with respect to the features, `gradient` of the rows' direction and
    `output_gradient` of the rows as they are.
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
        arranged = known.arrangement("ProjectionHead", notebook["ProjectionHead"])
        fill_as(head, arranged, expected, seed)
        before = parameters_of(head)
        with trace:
            output = tensor_of(head(leaf * 1.0), "ProjectionHead")
        gradients = [_gradient(each, leaf, seed) for each in (known.direction(output), output)]
        with torch.no_grad():
            in_evaluation = tensor_of(head.eval()(leaf * 1.0), "ProjectionHead")
        shapes = expected if arranged else [parameter.shape for parameter in head.parameters()]
        facts = {
            "output_shape": list(output.shape),
            "parameter_shapes": sorted(map(list, shapes)),
            "parameters_changed": bool((parameters_of(head) != before).any()),
            "layers": trace.layers,
        }
        return facts, {
            "output": torch.cat([output.detach().float(), in_evaluation.float()]),
            "gradient": gradients[0],
            "output_gradient": gradients[1],
        }


def _gradient(output: torch.Tensor, leaf: torch.Tensor, seed: int) -> Any:
    """Of a random objective, with respect to the leaf."""
    leaf.grad = None
    if output.requires_grad:
        (output * normal(seed, "objective", tuple(output.shape))).sum().backward(retain_graph=True)
    return sample(gradient_of(leaf))
