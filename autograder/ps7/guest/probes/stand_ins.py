"""Stand-ins for the parts of CLIP that an item is not about, so that a mistake in one of them does not affect another
item."""

import contextlib
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes.frame import CLS_TOKEN, GLOBALS, IMAGE_MODEL, PAIR_KEYS, TEXT_LAYERS, TEXT_MODEL

FIRST_TOKEN = 1000
MOST_ROWS = 100
"""Row i is coded in an image as the pixel i / MOST_ROWS."""


class Table(nn.Module):
    """A backbone that looks up features: row i of `table`, (rows, width), for the input that encodes i.

    The gradient of `table` is that of all calls together. None arrives where the notebook has frozen the parameters.
    """

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.table = torch.zeros(0)
        for name in parts:
            setattr(self, name, nn.Identity())

    def look_up(self, rows: torch.Tensor) -> torch.Tensor:
        """(N,) row numbers -> (N, width)."""
        table = self.table if self.gain.requires_grad else self.table.detach()
        return table[rows] * self.gain


class ImageModel(Table):
    """(N, 3, H, W), the row number in the first pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, width)."""
        return self.look_up((x[:, 0, 0, 0] * MOST_ROWS).round().long())


class TextModel(Table):
    """(N, L) token ids, the row number in the second token."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__(parts)
        self.transformer.layer = nn.ModuleList(nn.Identity() for _ in range(TEXT_LAYERS))
        self.config = SimpleNamespace(dim=GLOBALS["text_embedding"], hidden_size=GLOBALS["text_embedding"])

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> "Hidden":
        """The features at every token, also at the CLS token."""
        features = self.look_up((input_ids[:, 1] - FIRST_TOKEN) * attention_mask[:, 1])
        return Hidden((features[:, None].expand(-1, input_ids.shape[1], -1),))


class Hidden(tuple[torch.Tensor]):
    """A transformer's output."""

    __slots__ = ()

    @property
    def last_hidden_state(self) -> torch.Tensor:
        """(N, L, width)."""
        return self[0]


class TableEncoder(nn.Module):
    """One of the given encoders, around a table in place of its backbone."""

    model: Table

    def freeze_unless(self, trainable: Any) -> None:
        """Freezes the parameters as the given constructors do."""
        for parameter in self.parameters():
            parameter.requires_grad = bool(trainable)


class ImageTable(TableEncoder):
    """Replaces ImageEncoder."""

    def __init__(self, model_name: Any = None, pretrained: Any = None, trainable: Any = True, **_: Any) -> None:
        super().__init__()
        self.model = ImageModel(IMAGE_MODEL)
        self.freeze_unless(trainable)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) -> (N, 2048)."""
        features: torch.Tensor = self.model(x)
        return features


class TextTable(TableEncoder):
    """Replaces TextEncoder."""

    def __init__(self, model_name: Any = None, pretrained: Any = None, trainable: Any = True, **_: Any) -> None:
        super().__init__()
        self.model = TextModel(TEXT_MODEL)
        self.target_token_idx = 0
        self.freeze_unless(trainable)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(N, L), (N, L) -> (N, 768)."""
        hidden: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden[:, self.target_token_idx, :]


class CopyingHead(nn.Module):
    """A head that passes on the features unchanged; the tables before it have made them embeddings: rows of norm 1. It
    has the width that it was made with, so that it refuses other widths as a real head does.

    Its names are long so that they do not collide with a notebook's own, see `head_like`.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.stand_in_make(*arguments, **keywords)
        self.stand_in_width = keywords.get("embedding_dim", arguments[0] if arguments else width_of(self))
        if self.stand_in_width is None:
            raise TypeError("ProjectionHead.__init__() missing 1 required positional argument: 'embedding_dim'")
        self.stand_in_weight = nn.Parameter(torch.eye(GLOBALS["projection_dim"], self.stand_in_width))
        self.stand_in_table = torch.zeros(0)

    def stand_in_make(self, *_: Any, **__: Any) -> None:
        nn.Module.__init__(self)

    def stand_in_imitate(self, x: torch.Tensor) -> None: ...

    def stand_in_watch(self, table: torch.Tensor) -> torch.Tensor:
        """From now on the gradient with respect to what the head passes on arrives in the returned tensor, of the shape
        of `table` (rows, 256): for each of its rows, of all calls together."""
        self.stand_in_table, self.stand_in_shift = table, torch.zeros_like(table).requires_grad_()
        return self.stand_in_shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, width) -> (N, 256)."""
        self.stand_in_imitate(x)
        copied = functional.linear(x, self.stand_in_weight)
        if len(self.stand_in_table) and self.stand_in_weight.requires_grad:
            # The rows are recognised by their direction.
            rows = (copied.detach() @ self.stand_in_table.T).argmax(dim=-1)
            copied = copied + self.stand_in_shift[rows]
        return copied


def head_like(own: Any) -> type[CopyingHead]:
    """A CopyingHead that is one of the notebook's own heads, too, because CLIPModel may use more of its heads than
    their output."""
    if not (isinstance(own, type) and issubclass(own, nn.Module)):
        return CopyingHead

    class Head(CopyingHead, own):
        def stand_in_make(self, *arguments: Any, **keywords: Any) -> None:
            try:
                own.__init__(self, *arguments, **keywords)
            except Exception:
                nn.Module.__init__(self)
            if "_parameters" not in vars(self):  # it did not call nn.Module's constructor
                nn.Module.__init__(self)

        def stand_in_imitate(self, x: torch.Tensor) -> None:
            with contextlib.suppress(Exception), torch.no_grad():
                own.forward(self, x.detach().clone())

    return Head


def width_of(head: Any) -> int | None:
    """The input width of a head that the notebook made; None where it has no matrix."""
    matrices = (
        [parameter for parameter in head.parameters() if parameter.ndim == 2] if isinstance(head, nn.Module) else []
    )
    return int(matrices[0].shape[1]) if matrices else None


def repeated(features: torch.Tensor, width: int) -> torch.Tensor:
    """(N, W) -> (N, width): the features one after the other, repeated from the first where they end."""
    return features[:, torch.arange(width, device=features.device) % features.shape[1]]


def put_in_place(notebook: Namespace) -> None:
    """Everything that CLIPModel is built from, under the given names."""
    notebook.provide(**GLOBALS)
    own = notebook.get("ProjectionHead")
    if not (isinstance(own, type) and issubclass(own, CopyingHead)):
        notebook.put(ImageEncoder=ImageTable, TextEncoder=TextTable, ProjectionHead=head_like(own))


def batch_of(rows: torch.Tensor) -> dict[str, torch.Tensor]:
    """A minibatch like the given loaders', for stand-in encoders: images 64x64 and 12 tokens."""
    image = torch.zeros(len(rows), 3, 64, 64)
    image[:, 0, 0, 0] = rows / MOST_ROWS
    ids = torch.full((len(rows), 12), 5, dtype=torch.int64)
    ids[:, 0], ids[:, 1] = CLS_TOKEN, rows + FIRST_TOKEN
    return dict(zip(PAIR_KEYS, (ids, torch.ones_like(ids), image), strict=True))
