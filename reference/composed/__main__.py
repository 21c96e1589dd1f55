"""Renders the data set: `python -m reference.composed [ARCHIVE]`. A minute on two cores."""

import csv
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from reference.composed.composing import CLASSES, Recipe, compose

ARCHIVE = Path(__file__).parent.parent.parent / "autograder" / "ps7" / "staff" / "datasets" / "composed.zip"
PARTS = {"unlabeled": 3000, "train": 2500, "test": 2000}
SEED = 0
QUALITY = 75
"""The quality of WebP: 1.1 kB an image, instead of 27 kB."""
TIMESTAMP = (2000, 1, 1, 0, 0, 0)
ABOUT = {
    "name": "composed",
    "synthetic": True,
    "classes": CLASSES,
    "queries": {f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}": kind for kind in CLASSES},
    "licence": "Drawings: Noto Emoji and FxEmojis (Apache-2.0), Twemoji and EmojiOne 2 (CC-BY-4.0), Fluent Emoji "
    "(MIT); changed: composed over generated scenes. See reference/composed/LICENCES.md.",
}


def image(part: str, number: int) -> tuple[str, bytes, str]:
    """Path in the archive, WebP, caption. Every image has random numbers of its own, so their order does not matter."""
    random = np.random.default_rng((SEED, list(PARTS).index(part), number))
    made = compose(random, CLASSES[number % len(CLASSES)], Recipe())
    file = io.BytesIO()
    Image.fromarray(made.pixels).save(file, "WEBP", quality=QUALITY, method=6)
    return f"{part}/{made.kind}/{number:04d}.webp", file.getvalue(), made.caption


def images() -> Iterator[tuple[str, bytes, str]]:
    """All images, in order."""
    parts, numbers = zip(*((part, number) for part, count in PARTS.items() for number in range(count)), strict=True)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(image, parts, numbers, chunksize=50)


def main() -> None:
    """Writes the archive."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ARCHIVE
    table = io.StringIO()
    captions = csv.writer(table, lineterminator="\n")
    captions.writerow(("image", "caption", "id"))
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, content, caption) in enumerate(images()):
            archive.writestr(zipfile.ZipInfo(name, TIMESTAMP), content)
            if not name.startswith("unlabeled/"):
                captions.writerow((name, caption, number))
        for name, text in (("captions.csv", table.getvalue()), ("about.json", msgspec.json.encode(ABOUT).decode())):
            archive.writestr(zipfile.ZipInfo(name, TIMESTAMP), text, zipfile.ZIP_DEFLATED)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
