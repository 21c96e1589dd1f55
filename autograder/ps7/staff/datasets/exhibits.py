"""Prepares the part of a data set that a guest is shown, in a folder for one reproduction. The labels of the test
images stay here."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from autograder.ps7.student.datasets.archive import SIDE, Dataset, DatasetError, Part, Place
from autograder.student.submission.locating import read_bytes

CROP = 64
"""The size of the centre crop that the given notebook uses of train and test images."""


class Exhibits(msgspec.Struct, frozen=True):
    """A folder for the guest, and what the host needs to know about the test images in it."""

    folder: str
    order: NDArray[np.int64]
    """Maps positions in the folder to positions in the data set. They differ in every reproduction, so that no order
    can be learnt."""
    searched: tuple[Place, ...] = ()
    """The images that are searched with words."""
    captions: tuple[str, ...] = ()
    """The captions of these images."""


@contextlib.contextmanager
def images(dataset: Dataset) -> Iterator[Exhibits]:
    """Writes unlabeled.npy, train.npy, test.npy (N, 3, H, W) uint8, and train-labels.npy (N,). Raises DatasetError."""
    with _folder() as folder:
        order = np.random.default_rng().permutation(dataset.count("test"))
        _write(folder, dataset, "unlabeled", SIDE, range(dataset.count("unlabeled")))
        _write(folder, dataset, "train", CROP, range(dataset.count("train")))
        _write(folder, dataset, "test", CROP, order.tolist())
        np.save(folder / "train-labels.npy", dataset.labels("train"))
        yield Exhibits(str(folder), order)


def add(shown: Exhibits, path: Path, number: int) -> str:
    """Puts a file that was handed in into the folder and returns its name there. Raises UnreadableSubmission."""
    name = f"handed-in-{number}{path.suffix.lower()}"
    Path(shown.folder, name).write_bytes(read_bytes(path))
    return name


@contextlib.contextmanager
def pairs(dataset: Dataset) -> Iterator[Exhibits]:
    """Writes pairs.safetensors and texts.json. The former has features of images: `pairs`, with the row of each one's
    text in `captions`; `train` and `labels`; `test`; `searched`. And of the backbones `weight`, `bias` and `texts`.
    Raises DatasetError."""
    features = dataset.features()
    if features is None:
        raise DatasetError(f"{dataset.path} has no features; python -m reference.backbones {dataset.path} adds them")
    known = {part: dataset.captions(part) for part in features.images}
    rows = {text: row for row, text in enumerate(features.sentences)}
    shown, random = dataset.pairs(), np.random.default_rng()
    searched = random.permutation(np.array(dataset.searched(), object)).tolist()
    try:
        captions = np.array([rows[known[part][place]] for part, place in shown], np.int64)
    except KeyError as error:
        raise DatasetError(f"{dataset.path} has no features of the caption {error}") from None
    with _folder() as folder:
        order = random.permutation(dataset.count("test"))
        arrays: dict[str, NDArray[Any]] = {
            "pairs": np.stack([features.images[part][place] for part, place in shown]),
            "captions": captions,
            "train": features.images["train"],
            "labels": dataset.labels("train"),
            "test": features.images["test"][order],
            "searched": np.stack([features.images[part][place] for part, place in searched]),
            "weight": features.weight,
            "bias": features.bias,
            "texts": features.texts,
        }
        save_file(arrays, folder / "pairs.safetensors")
        (folder / "texts.json").write_bytes(msgspec.json.encode(features.sentences))
        held_out = tuple((part, place) for part, place in searched)
        yield Exhibits(str(folder), order, held_out, tuple(known[part][place] for part, place in held_out))


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ps7-exhibits-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # because guests are other users
        yield folder


def _write(folder: Path, dataset: Dataset, part: Part, side: int, order: Sequence[int]) -> None:
    """Writes one image after the other, so that they are never all in memory."""
    edge = (SIDE - side) // 2
    pixels = np.lib.format.open_memmap(folder / f"{part}.npy", "w+", np.uint8, (len(order), 3, side, side))
    for row, place in zip(pixels, order, strict=True):
        row[:] = dataset.image(part, place)[edge : edge + side, edge : edge + side].transpose(2, 0, 1)
