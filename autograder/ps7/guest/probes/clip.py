"""Probes of CLIPModel: its parts, and its loss and gradients over stand-in encoders and heads."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes.frame import GLOBALS
from autograder.ps7.guest.probes.layer_trace import StepTrace
from autograder.ps7.guest.probes.seeding import (
    gradient_of,
    module_of,
    normal,
    parameters_of,
    sample,
    tensor_of,
    unit_rows,
)
from autograder.ps7.guest.probes.stand_ins import (
    CopyingHead,
    ImageTable,
    TextTable,
    batch_of,
    put_in_place,
    width_of,
)

ATTRIBUTES = ("image_encoder", "text_encoder", "image_projection", "text_projection")


def construction(notebook: Namespace, *, temperature: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds the model in two ways. Facts: the attributes that it has, the heads' widths, the temperatures that it
    keeps."""
    put_in_place(notebook)
    with notebook.theirs():
        model, other = notebook["CLIPModel"](), notebook["CLIPModel"](temperature=temperature)
        facts: dict[str, Any] = {"attributes": [name for name in (*ATTRIBUTES, "temperature") if hasattr(model, name)]}
        for name in ("image_projection", "text_projection"):
            head = getattr(model, name, None)
            facts[name] = head.stand_in_width if isinstance(head, CopyingHead) else width_of(head)
        facts["keeps_temperature"] = (
            getattr(model, "temperature", None) is not None and getattr(other, "temperature", None) is not None
        )
    return facts, {}


def loss(
    notebook: Namespace,
    *,
    seed: int,
    count: int,
    kinship: float,
    temperature: float | None = None,
    global_temperature: float | None = None,
    exchange: bool = False,
    permute: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The loss of `count` pairs whose texts resemble their images by `kinship` (0: not at all; 1: as much as random
    noise differs).

    `temperature` is passed to the constructor (None: not passed). The notebook's global has the same value unless
    `global_temperature` gives another: a model that reads the global has a right loss and a wrong constructor.
    `exchange` gives the images' embeddings to the texts and the other way round, `permute` puts all pairs in another
    order.

    Facts: `loss_shape`, `loops` over the pairs, `parameters_changed` by `forward`, what is `computed` on the way.
    Arrays: `loss` in training mode and, as in `valid_epoch`, in evaluation mode; `image_gradient` with respect to the
    image encoder's features; `text_gradient` with respect to the text head's output, because the frozen text encoder
    need not get a gradient. Of both, only the part that turns the embeddings: so it does not matter which part of the
    code normalises them.
    """
    torch.manual_seed(seed)
    put_in_place(notebook)
    notebook.put(temperature=global_temperature or temperature or GLOBALS["temperature"])
    given = {} if temperature is None else {"temperature": temperature}
    first, second = _embeddings(seed, count, kinship)
    if exchange:
        first, second = second, first
    rows = torch.arange(count).flip(0) if permute else torch.arange(count)
    trace = StepTrace()
    with notebook.theirs():
        model = module_of(notebook["CLIPModel"](**given), "CLIPModel")
        _put_stand_ins(model)
        model.image_encoder.model.table = images = _widen(first, GLOBALS["image_embedding"]).requires_grad_()
        model.text_encoder.model.table = _widen(second, GLOBALS["text_embedding"])
        text_shift = model.text_projection.stand_in_watch(second)
        before = _own_parameters(model)
        with trace:
            value = tensor_of(model(batch_of(rows)), "CLIPModel")
        if value.requires_grad:
            value.mean().backward()
        with torch.no_grad():
            in_evaluation = tensor_of(model.eval()(batch_of(rows)), "CLIPModel")
        facts = {
            "loss_shape": list(value.shape),
            "loops": trace.repeats >= count,
            "parameters_changed": bool((_own_parameters(model) != before).any()),
            "computed": trace.computed,
        }
        return facts, {
            "loss": [float(each.detach().double().mean()) for each in (value, in_evaluation)],
            "image_gradient": sample(_turning(gradient_of(images)[:, : GLOBALS["projection_dim"]], first)),
            "text_gradient": sample(_turning(gradient_of(text_shift), second)),
        }


def _own_parameters(model: nn.Module) -> torch.Tensor:
    """The parameters outside the heads, which may be wrong themselves."""
    own = [value for name, value in model.named_parameters() if "projection." not in name]
    return parameters_of(nn.ParameterList(own))


def _put_stand_ins(model: nn.Module) -> None:
    """Replaces the parts that the model has made of other classes."""
    kinds: dict[str, tuple[type[nn.Module], Callable[[], nn.Module]]] = {
        "image_encoder": (ImageTable, ImageTable),
        "text_encoder": (TextTable, TextTable),
        "image_projection": (CopyingHead, lambda: CopyingHead(GLOBALS["image_embedding"])),
        "text_projection": (CopyingHead, lambda: CopyingHead(GLOBALS["text_embedding"])),
    }
    for name, (kind, make) in kinds.items():
        if not isinstance(getattr(model, name, None), kind):
            setattr(model, name, make())


def _embeddings(seed: int, count: int, kinship: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two (count, 256) tables of unit vectors; the rows of the second resemble those of the first,
    and share a direction of their own."""
    width = GLOBALS["projection_dim"]
    first = normal(seed, "first", (count, width))
    second = kinship * first + normal(seed, "second", (count, width)) + 0.6 * normal(seed, "lean", (1, width))
    return unit_rows(first), unit_rows(second)


def _turning(gradient: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
    """The part of the gradient at right angles to the embeddings, which have norm 1."""
    return gradient - (gradient * embeddings).sum(dim=1, keepdim=True) * embeddings


def _widen(embeddings: torch.Tensor, width: int) -> torch.Tensor:
    return torch.cat([embeddings, torch.zeros(len(embeddings), width - embeddings.shape[1])], dim=1)
