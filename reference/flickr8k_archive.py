"""Flickr8k's photos and captions as the `pairs` of an archive."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from autograder.ps7.student.datasets.archive import SIDE, DatasetError

COUNT = 3000
"""How many photos: about 10 MB."""
QUALITY = 75
"""The quality of WebP."""
QUERIES = {
    "a dog running through the grass": "dog",
    "people on the beach": "beach",
    "a child playing in the snow": "snow",
    "a man riding a bike": "bike",
    "players with a ball": "ball",
    "swimming in the water": "water",
    "a climber on a rock": "rock",
    "people walking down the street": "street",
    "a skateboarder doing a trick": "skateboard",
    "a girl in a dress": "girl",
}
"""The words that photos are searched with, and the word in the captions of the right photos."""


def entries(folder: Path, *, count: int = COUNT, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """The names and contents for an archive: that many photos with the first caption of each, and captions.csv.

    `folder` holds Images/ (or Flicker8k_Dataset/) and captions.csv or Kaggle's captions.txt. Photos are squeezed into a
    square, as the notebook's own loader does. Only `seed` decides which photos are taken. Raises DatasetError.
    """
    photos = next((folder / name for name in ("Images", "Flicker8k_Dataset") if (folder / name).is_dir()), None)
    listed = next((folder / name for name in ("captions.csv", "captions.txt") if (folder / name).is_file()), None)
    if photos is None or listed is None:
        raise DatasetError(f"Flickr8k is not in {folder}: it is to hold Images/ and captions.csv (or captions.txt)")
    captions = _captions(listed)
    if count > len(captions):
        raise DatasetError(f"{listed} has captions of {len(captions)} photos, not of {count}")
    names = sorted(captions)
    rows = io.StringIO()
    table = csv.writer(rows)
    table.writerow(("image", "caption", "id"))
    for number in sorted(np.random.default_rng(seed).permutation(len(names))[:count].tolist()):
        name = f"pairs/flickr8k/{Path(names[number]).stem}.webp"
        table.writerow((name, captions[names[number]], number))
        yield name, _encoded(photos / names[number])
    yield "captions.csv", rows.getvalue().encode()


def _captions(path: Path) -> dict[str, str]:
    """Maps a file's name to its first caption."""
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return {row["image"]: row["caption"] for row in reversed([*csv.DictReader(file)])}
        except (KeyError, csv.Error, UnicodeDecodeError) as error:
            raise DatasetError(f"{path} has no columns image and caption ({error})") from None


def _encoded(path: Path) -> bytes:
    file = io.BytesIO()
    try:
        with Image.open(path) as photo:
            photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(
                file, "WEBP", quality=QUALITY, method=6
            )
    except (OSError, UnidentifiedImageError) as error:
        raise DatasetError(f"{path} cannot be read as an image ({error})") from None
    return file.getvalue()
