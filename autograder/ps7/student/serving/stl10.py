"""torchvision's STL10, with a data set that is already there."""

from typing import Any

import numpy as np
from torchvision.datasets import STL10
from torchvision.datasets.vision import VisionDataset

from autograder.ps7.student.datasets.archive import Dataset


class Served(STL10):
    """Called like torchvision's; `root`, `folds` and `download` have no effect."""

    UNLABELED = 100_000
    """As many as STL-10 has, because notebooks split them by number."""
    dataset: Dataset
    """All instances share these."""

    def __init__(
        self,
        root: Any = ".",
        split: str = "train",
        folds: Any = None,
        transform: Any = None,
        target_transform: Any = None,
        download: bool = False,
    ) -> None:
        VisionDataset.__init__(self, root, transform=transform, target_transform=target_transform)
        self.split, self.folds, self.classes = split, folds, list(self.dataset.about.classes)
        parts = [part for part in ("train", "test", "unlabeled") if part in split.split("+")]
        images, labels = zip(*(_read(self.dataset, part) for part in parts), strict=True)
        self.data, self.labels = np.concatenate(images), np.concatenate(labels)
        self._length = self.UNLABELED if parts == ["unlabeled"] else len(self.data)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return super().__getitem__(index % self._length % len(self.data))


def _read(dataset: Dataset, part: Any) -> tuple[Any, Any]:
    """(N, 3, 96, 96) uint8, and labels (N,), -1 for the unlabeled, as torchvision has them."""
    images = dataset.images(part).transpose(0, 3, 1, 2)
    return images, np.full(len(images), -1) if part == "unlabeled" else dataset.labels(part)
