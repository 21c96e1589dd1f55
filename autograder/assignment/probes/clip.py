"""Probes of CLIPModel: what it is made of, and its loss and gradients over stand-in encoders and heads."""

from typing import Any

import torch
from torch import nn

from autograder.assignment.probes.layer_trace import LayerTrace
from autograder.assignment.probes.seeding import module_of, normal, sample, tensor_of
from autograder.assignment.probes.stand_ins import (
    CONSTANTS,
    CopyingHead,
    ImageTable,
    TableEncoder,
    TextTable,
    batch_of,
    put_in_place,
)
from autograder.sandbox.namespace import Namespace

ATTRIBUTES = ("image_encoder", "text_encoder", "image_projection", "text_projection")


def construction(notebook: Namespace, *, temperature: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Builds the model in two ways. Facts: the attributes that are there, the heads' widths, the temperatures it
    keeps."""
    put_in_place(notebook)
    with notebook.theirs():
        model, other = notebook["CLIPModel"](), notebook["CLIPModel"](temperature=temperature)
        facts: dict[str, Any] = {"attributes": [name for name in (*ATTRIBUTES, "temperature") if hasattr(model, name)]}
        for name in ("image_projection", "text_projection"):
            head = getattr(model, name, None)
            facts[name] = head.stand_in_width if isinstance(head, CopyingHead) else _width(head)
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
    """The loss of `count` pairs whose texts resemble their images by `kinship` (0 not at all, 1 as much as chance
    differs).

    `temperature` is what the constructor gets (None: nothing), and the notebook's global too unless
    `global_temperature` says another: a model that reads the global has a right loss and a wrong constructor.
    `exchange` gives the images' embeddings to the texts and the other way round, `permute` puts all pairs in another
    order.

    Facts: `loss_shape`, `operations`. Arrays: `loss`; `image_gradient` with respect to the image encoder's features;
    `text_gradient` with respect to what the text head normalises, since no gradient need reach the frozen text encoder.
    """
    torch.manual_seed(seed)
    put_in_place(notebook)
    notebook.put(temperature=global_temperature or temperature or CONSTANTS["temperature"])
    given = {} if temperature is None else {"temperature": temperature}
    first, second = _embeddings(seed, count, kinship)
    if exchange:
        first, second = second, first
    minibatch = batch_of(torch.arange(count).flip(0) if permute else torch.arange(count))
    trace = LayerTrace()
    with notebook.theirs():
        model = module_of(notebook["CLIPModel"](**given), "CLIPModel")
        images, texts = _stand_ins(model)
        images.table = _widen(first, CONSTANTS["image_embedding"])
        texts.table = _widen(second, CONSTANTS["text_embedding"])
        with trace:
            value = tensor_of(model(minibatch), "CLIPModel")
        if value.requires_grad:
            value.mean().backward()
        return {"loss_shape": list(value.shape), "operations": trace.operations}, {
            "loss": [float(value.detach().double().mean())],
            "image_gradient": sample(images.gradient()[:, : CONSTANTS["projection_dim"]]),
            "text_gradient": sample(model.text_projection.stand_in_gradient(count)),
        }


def vectorised(
    notebook: Namespace, *, seed: int, temperature: float, counts: list[int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whether the number of torch operations in `forward` grows with the batch, as it does in a loop over its rows."""
    operations = []
    for count in counts:
        notebook.put(batch_size=count)
        facts, _ = loss(notebook, seed=seed, count=count, temperature=temperature, kinship=0.5)
        operations.append(facts["operations"])
    return {"grows": operations[-1] - operations[0] >= counts[-1] - counts[0]}, {}


def _stand_ins(model: nn.Module) -> tuple[TableEncoder, TableEncoder]:
    """The model's own stand-ins; where it made its parts of something else they are replaced."""
    kinds = dict(zip(ATTRIBUTES, (ImageTable, TextTable, CopyingHead, CopyingHead), strict=True))
    for name, kind in kinds.items():
        if not isinstance(getattr(model, name, None), kind):
            setattr(model, name, kind())
    images, texts = model.image_encoder, model.text_encoder
    assert isinstance(images, TableEncoder)
    assert isinstance(texts, TableEncoder)
    return images, texts


def _embeddings(seed: int, count: int, kinship: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two (count, 256) tables, rows of different lengths, the second one akin to the first and with a lean of its
    own."""
    width = CONSTANTS["projection_dim"]
    first = normal(seed, "first", (count, width))
    second = kinship * first + normal(seed, "second", (count, width)) + 0.6 * normal(seed, "lean", (1, width))
    lengths = torch.linspace(0.5, 3.0, count)[:, None]
    return first * lengths, second * lengths.flip(0)


def _widen(embeddings: torch.Tensor, width: int) -> torch.Tensor:
    return torch.cat([embeddings, torch.zeros(len(embeddings), width - embeddings.shape[1])], dim=1)


def _width(head: Any) -> int | None:
    """The input width of a head that the notebook made of a class of its own."""
    matrices = (
        [parameter for parameter in head.parameters() if parameter.ndim == 2] if isinstance(head, nn.Module) else []
    )
    return int(matrices[0].shape[1]) if matrices else None
