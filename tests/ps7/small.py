"""A small data set, cut out of `composed`."""

import zipfile
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import load, save

from autograder.ps7.student.datasets.locating import COMPOSED

COUNTS = {"unlabeled": 70, "train": 80, "test": 40}


def small_dataset(path: Path, **about: object) -> Path:
    """Writes a zip with the first images of each part, and all that belongs to them. `about`: changes to its
    description."""
    with zipfile.ZipFile(COMPOSED) as whole, zipfile.ZipFile(path, "w") as cut:
        features = load(whole.read("features.safetensors"))
        for part, count in COUNTS.items():
            images = sorted(name for name in whole.namelist() if name.startswith(f"{part}/"))
            places = range(0, len(images), len(images) // count)[:count]  # they are sorted by class
            for place in places:
                cut.writestr(images[place], whole.read(images[place]))
            if part in features:
                features[part] = np.ascontiguousarray(features[part][list(places)])
        cut.writestr("features.safetensors", save(features))
        for name in ("texts.json", "captions.csv"):
            cut.writestr(name, whole.read(name))
        cut.writestr(
            "about.json", msgspec.json.encode(msgspec.json.decode(whole.read("about.json")) | {"name": "small"} | about)
        )
    return path
