"""Runs the notebook's own training functions on real images. The replies are logits for images whose labels this
process never sees."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from autograder.guest.namespace import Namespace, Unusable
from autograder.ps7.guest.probes.frame import FEATURES
from autograder.ps7.guest.probes.seeding import module_of, tensor_of

CROP = 64
CLASSES = 10
TESTED = 250
"""How many images are processed at a time."""
BATCH = 32
"""Images in a minibatch, a quarter of the given notebook's, so that the same number of images makes four times as many
steps."""


class Exhibited(Dataset[Any]):
    """Images of a file that the host has prepared, (N, 3, H, W) uint8, read one minibatch at a time: 64x64, float32 in
    [0, 1]."""

    def __init__(self, folder: str, part: str, *, augment: torch.Generator | None = None) -> None:
        self._pixels = np.load(Path(folder, f"{part}.npy"), mmap_mode="r")
        labels = Path(folder, f"{part}-labels.npy")
        self._labels = np.load(labels) if labels.exists() else np.zeros(len(self._pixels), np.int64)
        self._random = augment

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        cut = np.stack([self._crop(self._pixels[number]) for number in numbers])
        return torch.from_numpy(cut).float().div_(255), torch.from_numpy(self._labels[numbers])

    def _crop(self, pixels: Any) -> Any:
        """The notebook's transforms: centre crop, or a random crop and a random flip."""
        room = pixels.shape[1] - CROP
        if self._random is None:
            return pixels[:, room // 2 :, room // 2 :][:, :CROP, :CROP]
        top, left, flip = torch.randint(0, 1 << 30, (3,), generator=self._random).tolist()
        cut = pixels[:, top % (room + 1) :, left % (room + 1) :][:, :CROP, :CROP]
        return cut[..., ::-1] if flip % 2 else cut


class Trained(Namespace):
    """Keeps what the first question has trained for the second."""

    autoencoder: nn.Module | None = None
    encoder: nn.Module | None = None


NAMESPACE = Trained


def pretrain(notebook: Trained, *, folder: str, seed: int, epochs: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains an autoencoder of the notebook's encoder and decoder with its `train_ae`. Array: `trajectory`."""
    encoder, decoder, train = notebook["Encoder"], notebook["Decoder"], notebook["train_ae"]
    _begin(notebook, seed)
    with notebook.theirs():
        model = Autoencoder(module_of(encoder(), "Encoder()"), module_of(decoder(), "Decoder()"))
        loader = minibatches(Exhibited(folder, "unlabeled", augment=torch.Generator().manual_seed(seed)), seed)
        returned = train(model, loader, epochs)
        trained, losses = returned if isinstance(returned, tuple | list) and len(returned) == 2 else (returned, [])
        notebook.autoencoder = trained if isinstance(trained, nn.Module) else model
        notebook.encoder = getattr(trained, "encoder", None) or model.encoder
        return {}, {"trajectory": [float(loss) for loss in losses]}


def reconstruct(notebook: Trained, *, folder: str, places: Sequence[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lets the trained autoencoder reconstruct some test images. Arrays: `originals` and `reconstructions`, (N, 3, 64,
    64) float32."""
    images, _ = Exhibited(folder, "test")[places]
    if notebook.autoencoder is None:
        raise Unusable("nothing has been trained")
    with notebook.theirs(), torch.no_grad():
        found = tensor_of(notebook.autoencoder.eval()(images), "the autoencoder")
    return {}, {"originals": images.numpy(), "reconstructions": found.float().numpy()}


def classify(
    notebook: Trained,
    *,
    folder: str,
    seed: int,
    epochs: int,
    pretrained: bool,
    supervised: bool,
    watched: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a linear layer with the notebook's `train_classifier`, on the pretrained encoder or on a new one.

    Arrays: `logits` (N, 10) of the test images; where it is `watched`, also `before` (epochs, N, 10), the logits at the
    start of each epoch.
    """
    make, train = notebook["Encoder"], notebook["train_classifier"]
    _begin(notebook, seed)
    with notebook.theirs():
        encoder = notebook.encoder if pretrained and notebook.encoder else module_of(make(), "Encoder()")
        classifier = nn.Sequential(nn.Linear(FEATURES, CLASSES))
        loader, tested = minibatches(Exhibited(folder, "train"), seed), Exhibited(folder, "test")
        watching = Watching(loader, lambda: logits(encoder, classifier, tested))
        train(encoder, classifier, watching if watched else loader, epochs=epochs, supervised=supervised)
        before = {"before": np.stack(watching.seen)} if watching.seen else {}
        return {}, {"logits": logits(encoder, classifier, tested), **before}


class Watching:
    """A loader that runs an observation each time that it begins anew."""

    def __init__(self, loader: DataLoader[Any], look: Callable[[], Any]) -> None:
        self._loader, self._look = loader, look
        self.seen: list[Any] = []

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        self.seen.append(self._look())
        return iter(self._loader)


class Autoencoder(nn.Module):
    """The given autoencoder, of given parts."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The reconstruction."""
        return tensor_of(self.decoder(self.encoder(x)), "Decoder()(x)")


def logits(encoder: nn.Module, classifier: nn.Module, images: Exhibited) -> Any:
    """(N, classes) float32, without gradients and in evaluation mode."""
    encoder.eval()
    classifier.eval()
    with torch.no_grad():
        found = [tensor_of(classifier(encoder(x).reshape(len(x), -1)), "the classifier") for x, _ in _in_order(images)]
    return torch.cat(found).float().numpy()


def _begin(notebook: Namespace, seed: int) -> None:
    notebook.put(batch_size=BATCH)
    notebook.provide(device=torch.device("cpu"), feat_dim=FEATURES)
    torch.manual_seed(seed)


def minibatches(images: Exhibited, seed: int) -> DataLoader[Any]:
    """In random order, as the given loaders do it, but whole minibatches are made at once."""
    order = RandomSampler(images, generator=torch.Generator().manual_seed(seed))
    return DataLoader(images, sampler=BatchSampler(order, BATCH, drop_last=False), batch_size=None)


def _in_order(images: Exhibited) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for numbers in BatchSampler(SequentialSampler(images), TESTED, drop_last=False):
        yield images[numbers]
