"""Trains the notebook's own CLIP on pairs, trains a linear probe on its image encoder, and searches its embeddings with
words.

Both backbones are stand-ins whose features were computed beforehand: an ImageNet-trained EfficientNet-lite0 whose last
layer is trained, and a frozen MiniLM. Their 1280 and 384 features are repeated up to ResNet-50's and DistilBERT's
widths.
"""

from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors.numpy import load_file
from torch import nn, optim
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.colab.tokenizers import StandInTokenizer
from autograder.ps7.guest.probes.frame import GLOBALS, PAIR_KEYS
from autograder.ps7.guest.probes.reproduction import BATCH, CLASSES, Exhibited, logits, minibatches
from autograder.ps7.guest.probes.retrieval import matches_of, read_matches
from autograder.ps7.guest.probes.seeding import module_of, tensor_of
from autograder.ps7.guest.probes.stand_ins import MOST_ROWS, Hidden, ImageTable, TextTable, repeated

IMAGE_RATE, HEAD_RATE, WEIGHT_DECAY = 1e-4, 1e-3, 1e-3
NAMES = "{:05d}.jpg"
SHOWN = ("pairs", "train", "test", "searched")
"""The images for which there are features."""


class Pairs:
    """The data that the host has prepared: features of images and of texts, and which text belongs to which image."""

    def __init__(self, folder: str) -> None:
        arrays = {name: torch.from_numpy(array) for name, array in load_file(Path(folder, "pairs.safetensors")).items()}
        self.images = torch.cat([arrays[name] for name in SHOWN]).float()
        ends = [0, *accumulate(len(arrays[name]) for name in SHOWN)]
        self.rows = {name: range(*bounds) for name, bounds in zip(SHOWN, pairwise(ends), strict=True)}
        self.labels, self.captions = arrays["labels"], arrays["captions"]
        self.weight, self.bias, self.texts = (arrays[name].float() for name in ("weight", "bias", "texts"))
        self.sentences: list[str] = msgspec.json.decode(Path(folder, "texts.json").read_bytes())

    def encoders(self) -> dict[str, type[nn.Module]]:
        """The two given encoders, around features that were computed beforehand."""
        pairs = self

        class ImageEncoder(ImageTable):
            def __init__(self, *arguments: Any, **keywords: Any) -> None:
                super().__init__(*arguments, **keywords)
                last = nn.Linear(*reversed(pairs.weight.shape))
                with torch.no_grad():
                    last.weight.copy_(pairs.weight)
                    last.bias.copy_(pairs.bias)
                last.requires_grad_(next(self.model.parameters()).requires_grad)
                self.model.layer4 = last

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                rows = (x[:, 0, 0, 0] * MOST_ROWS).round().long()
                return repeated(functional.relu6(self.model.layer4(pairs.images[rows])), GLOBALS["image_embedding"])

        class TextEncoder(TextTable):
            def __init__(self, *arguments: Any, **keywords: Any) -> None:
                super().__init__(*arguments, **keywords)
                tokens = StandInTokenizer()(pairs.sentences)["input_ids"]
                self.rows = {tuple(ids): row for row, ids in enumerate(tokens)}

            def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
                rows = [
                    self._row(ids[mask.bool()].tolist()) for ids, mask in zip(input_ids, attention_mask, strict=True)
                ]
                features = repeated(pairs.texts[rows], GLOBALS["text_embedding"])
                return Hidden((features[:, None],)).last_hidden_state[:, 0, :]

            def _row(self, ids: list[int]) -> int:
                """The features of the text itself, or of the text that shares most of its words."""
                known = self.rows.get(tuple(ids))
                if known is None:
                    known = self.rows[max(self.rows, key=lambda each: len({*each} & {*ids}))]
                return known

        return {"ImageEncoder": ImageEncoder, "TextEncoder": TextEncoder}


class Paired(Namespace):
    """Keeps the trained model between two questions."""

    model: nn.Module
    pairs: Pairs


NAMESPACE = Paired


def train(notebook: Paired, *, folder: str, seed: int, epochs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains the notebook's `CLIPModel` as the given code does. Array: `trajectory`, the mean loss of every epoch."""
    pairs = Pairs(folder)
    make = notebook["CLIPModel"]
    notebook.put(**GLOBALS, **pairs.encoders())
    torch.manual_seed(seed)
    with notebook.theirs():
        model = module_of(make(), "CLIPModel()")
        heads = [*model.image_projection.parameters(), *model.text_projection.parameters()]
        optimizer = optim.AdamW(
            [
                {"params": model.image_encoder.parameters(), "lr": IMAGE_RATE},
                {"params": heads, "lr": HEAD_RATE, "weight_decay": WEIGHT_DECAY},
            ]
        )
        tokens = StandInTokenizer()([pairs.sentences[caption] for caption in pairs.captions], return_tensors="pt")
        values = (tokens["input_ids"], tokens["attention_mask"], coded(pairs.rows["pairs"]))
        loader = DataLoader(
            TensorDataset(*values),
            batch_size=GLOBALS["batch_size"],
            shuffle=True,
            drop_last=True,
            generator=torch.Generator().manual_seed(seed),
        )
        model.train()
        trajectory = []
        for _ in range(epochs):
            losses = []
            for batch in loader:
                loss = tensor_of(model(dict(zip(PAIR_KEYS, batch, strict=True))), "CLIPModel()(batch)")
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            trajectory.append(sum(losses) / len(losses))
    notebook.model, notebook.pairs = model.eval(), pairs
    return {}, {"trajectory": trajectory}


def probe(notebook: Paired, *, seed: int, epochs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a linear layer on the trained image encoder with the notebook's `train_classifier`.

    Array: `logits` (N, 10) of the test images.
    """
    function, pairs, encoder = notebook["train_classifier"], notebook.pairs, notebook.model.image_encoder
    notebook.put(batch_size=BATCH)
    torch.manual_seed(seed)
    with notebook.theirs():
        for parameter in encoder.parameters():
            parameter.requires_grad = False
        classifier = nn.Sequential(nn.Linear(GLOBALS["image_embedding"], CLASSES))
        train_images = Coded(pairs.rows["train"], pairs.labels)
        function(encoder.eval(), classifier, minibatches(train_images, seed), epochs=epochs, supervised=False)
        return {}, {"logits": logits(encoder, classifier, Coded(pairs.rows["test"]))}


def search(notebook: Paired, *, queries: Sequence[str], k: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Asks the notebook's `retrieve_images` for the `k` images that fit each query.

    Array: `found` (queries, k), the positions of the images among those searched, -1 for an answer that is not one of
    them.
    """
    function, model, pairs = notebook["retrieve_images"], notebook.model, notebook.pairs
    rows = pairs.rows["searched"]
    names = np.array([NAMES.format(place) for place in range(len(rows))], dtype=object)
    found = np.full((len(queries), k), -1, np.int64)
    with notebook.theirs():
        with torch.no_grad():
            embeddings = model.image_projection(model.image_encoder(coded(rows)))
        for row, query in zip(found, queries, strict=True):
            matches, _ = matches_of(partial(function, model, embeddings, query, names, k=k), notebook)
            places = read_matches(matches, list(names))[1][:k]
            row[: len(places)] = places
    return {}, {"found": found}


def similarities(notebook: Paired, *, places: Sequence[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Array: `similarities` (N, N) of these training pairs, with images as rows and texts as columns."""
    model, pairs = notebook.model, notebook.pairs
    rows = [pairs.rows["pairs"][place] for place in places]
    with notebook.theirs(), torch.no_grad():
        tokens = StandInTokenizer()([pairs.sentences[pairs.captions[place]] for place in places], return_tensors="pt")
        images = model.image_projection(model.image_encoder(coded(rows)))
        texts = model.text_projection(model.text_encoder(tokens["input_ids"], tokens["attention_mask"]))
        return {}, {"similarities": (images @ texts.T).numpy()}


class Coded(Exhibited):
    """Images that only consist of their number."""

    def __init__(self, rows: range, labels: torch.Tensor | None = None) -> None:
        self._rows, self._of = rows, labels

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.zeros(len(numbers)) if self._of is None else self._of[list(numbers)]
        return coded([self._rows[number] for number in numbers]), labels


def coded(rows: Sequence[int]) -> torch.Tensor:
    """(N, 3, 64, 64), nearly all of it shared memory: the number of an image is in its first pixel."""
    first = torch.tensor(list(rows), dtype=torch.float32)[:, None, None, None] / MOST_ROWS
    return first.expand(-1, 3, 64, 64)
