"""A subset of STL-10, and of Flickr8k where it is available, as one archive, small enough for a Gradescope bundle."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image
from torchvision.datasets import STL10

from autograder.ps7.student.datasets.archive import DatasetError

COUNTS = {"unlabeled": 3000, "train": 2500, "test": 2000}
"""How many images of each part: about 15 MB."""
LICENCE = "STL-10, Coates, Lee and Ng (2011); pairs: Flickr8k, Hodosh, Young and Hockenmaier (2013)"
QUALITY = 75
"""The quality of WebP."""
TIMESTAMP = (2000, 1, 1, 0, 0, 0)


def write(
    root: Path,
    path: Path,
    *,
    counts: Mapping[str, int] = COUNTS,
    download: bool = False,
    pairs: Iterable[tuple[str, bytes]] = (),
    queries: Mapping[str, str] = {},
    seed: int = 0,
) -> Path:
    """Writes the archive `path` from torchvision's folder `root`; with `download` the data set is fetched first (2.6
    GB).

    `pairs` are further entries, and `queries` the words that they can be searched with. Only `seed` decides which
    images are taken. Raises DatasetError where STL-10 is missing, or not whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for part, count in counts.items():
            dataset = _opened(root, part, download)
            if count > len(dataset):
                raise DatasetError(f"STL-10 has {len(dataset)} images in {part}, not {count}")
            chosen = np.random.default_rng((seed, list(COUNTS).index(part))).permutation(len(dataset))[:count]
            for number, index in enumerate(sorted(chosen.tolist())):
                image, label = dataset[index]
                name = "unknown" if label < 0 else dataset.classes[label]
                archive.writestr(zipfile.ZipInfo(f"{part}/{name}/{number:05d}.webp", TIMESTAMP), _encoded(image))
        for name, content in pairs:
            archive.writestr(zipfile.ZipInfo(name, TIMESTAMP), content)
        about = {"name": path.stem, "classes": dataset.classes, "licence": LICENCE, "queries": queries}
        archive.writestr(zipfile.ZipInfo("about.json", TIMESTAMP), msgspec.json.encode(about))
    return unfinished.replace(path)


def _opened(root: Path, part: str, download: bool) -> STL10:
    try:
        return STL10(root, split=part, download=download)
    except (RuntimeError, OSError) as error:
        raise DatasetError(
            f"STL-10 cannot be read from {root} ({error}). Name the folder that holds stl10_binary/, or have it fetched"
        ) from None


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=QUALITY, method=6)
    return file.getvalue()
