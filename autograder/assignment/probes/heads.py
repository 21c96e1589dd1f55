"""Probes of ProjectionHead: the linear map and the normalisation, each on its own."""

from typing import Any

import torch
from torch.nn import functional

from autograder.assignment.probes.layer_trace import LayerTrace
from autograder.assignment.probes.seeding import fill, materialise, module_of, normal, sample, tensor_of
from autograder.sandbox.namespace import Namespace


def projection_head(
    notebook: Namespace, *, embedding_dim: int, rows: int, seed: int, projection_dim: int | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds a head, fills it and projects `rows` feature vectors.

    Facts: `output_shape`, `parameter_shapes`, `layers`. Arrays: `output`, and `gradient` of the rows' direction with
    respect to the features.
    """
    torch.manual_seed(seed)
    notebook.provide(device=torch.device("cpu"), projection_dim=256)
    keywords = {} if projection_dim is None else {"projection_dim": projection_dim}
    leaf = normal(seed, "features", (rows, embedding_dim)).requires_grad_()
    trace = LayerTrace()
    with notebook.theirs():
        head = module_of(notebook["ProjectionHead"](embedding_dim, **keywords), "ProjectionHead")
        materialise(head, torch.zeros(rows, embedding_dim))
        fill(head, seed)
        with trace:
            output = tensor_of(head(leaf * 1.0), "ProjectionHead")
        direction = functional.normalize(output, dim=-1)
        if direction.requires_grad:
            (direction * normal(seed, "objective", tuple(direction.shape))).sum().backward()
        facts = {
            "output_shape": list(output.shape),
            "parameter_shapes": sorted([list(parameter.shape) for parameter in head.parameters()]),
            "layers": trace.layers,
        }
        return facts, {
            "output": output.detach().float(),
            "gradient": sample(leaf.grad if leaf.grad is not None else torch.zeros(1)),
        }
