"""A data set as one zip, or as a folder of the same shape.

about.json                   {"name": ..., "synthetic": ..., "classes": [...], "licence": ...}; may be missing
unlabeled/CLASS/NAME.webp    any format that Pillow reads; the class does not matter here
train/CLASS/NAME.webp
test/CLASS/NAME.webp
pairs/CLASS/NAME.webp        images with captions and without a class; may be missing, and then those of train and test
captions.csv                 columns image (a path as above), caption, id, as Flickr8k's; may be missing
features.safetensors         of the images of train, test and pairs, and of the
texts.json                   texts, see reference/backbones.py; may be missing
"""

import csv
import functools
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from autograder.student.assignment import Unavailable

Part = Literal["unlabeled", "train", "test", "pairs"]
PARTS: tuple[Part, ...] = ("unlabeled", "train", "test", "pairs")
OPTIONAL: Part = "pairs"
HELD_OUT = 5
"""One in that many of `pairs` is held out for the search, as the notebook holds images out; the others are trained
on."""
SIDE = 96
"""Pixels. Other images are cut to a square, and resized to this side."""
PICTURES = frozenset({".webp", ".jpg", ".jpeg", ".png", ".bmp", ".gif"})


Place = tuple[Part, int]
"""An image."""


class DatasetError(Unavailable):
    """The data set cannot be read, or it is not a data set; the message says what to do."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a data set says about itself."""

    name: str
    synthetic: bool = False
    classes: tuple[str, ...] = ()
    licence: str = ""
    queries: dict[str, str] = {}
    """What images are searched with, and the word in the captions of the right images."""


class Features(msgspec.Struct, frozen=True):
    """The features that `reference.backbones` has computed of an archive's images and texts."""

    images: dict[Part, NDArray[np.float16]]
    """"train", "test" and, if it has any, "pairs": (N, W), in the order of the images."""
    weight: NDArray[np.float16]
    bias: NDArray[np.float16]
    """The image backbone's last layer: (V, W) and (V,)."""
    texts: NDArray[np.float16]
    """(T, U), a row for each of `sentences`."""
    sentences: list[str]


class Dataset:
    """Reads images when they are asked for; only their names stay in memory. Raises DatasetError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names, self._read = _opened(path)
        self._files = {part: [name for name in self._names if _is_of(name, part)] for part in PARTS}
        if lacking := [part for part in PARTS if not self._files[part] and part != OPTIONAL]:
            raise DatasetError(f"{path} has no images in {lacking[0]}/CLASS/")
        found = tuple(sorted({_kind(name) for part in ("train", "test") for name in self._files[part]}))
        about = self._about()
        self.about = msgspec.structs.replace(about, classes=about.classes or found)
        if unknown := set(found) - set(self.about.classes):
            raise DatasetError(f"{path}: about.json does not name the class {min(unknown)!r}")

    def count(self, part: Part) -> int:
        """How many images it has."""
        return len(self._files[part])

    def names(self, part: Part) -> list[str]:
        """Names of the files, in the order of the images."""
        return [*self._files[part]]

    def content(self, part: Part, place: int) -> bytes:
        """The content of a file."""
        return self._read(self._files[part][place])

    def images(self, part: Part) -> NDArray[np.uint8]:
        """(N, SIDE, SIDE, 3)."""
        pixels = np.empty((self.count(part), SIDE, SIDE, 3), np.uint8)
        for place in range(len(pixels)):
            pixels[place] = self.image(part, place)
        return pixels

    def image(self, part: Part, place: int) -> NDArray[np.uint8]:
        """(SIDE, SIDE, 3)."""
        return self._image(self._files[part][place])

    def labels(self, part: Part) -> NDArray[np.int64]:
        """(N,) indexes into `about.classes`, for the images in the same order."""
        places = {name: place for place, name in enumerate(self.about.classes)}
        return np.array([places[_kind(name)] for name in self._files[part]], np.int64)

    def captions(self, part: Part) -> list[str]:
        """The first caption of every image in the same order, "" where an image has none."""
        return [self._captions.get(name, "") for name in self._files[part]]

    def pairs(self) -> list[Place]:
        """The images that CLIP is trained on: those with a caption, of `pairs` or else of `train`."""
        part: Part = OPTIONAL if self.count(OPTIONAL) else "train"
        places = [place for place, caption in enumerate(self.captions(part)) if caption]
        return [(part, place) for place in places if part != OPTIONAL or (place + 1) % HELD_OUT]

    def searched(self) -> list[Place]:
        """The images that are searched with words: those of `pairs` that are held out, or else all of `test`."""
        part: Part = OPTIONAL if self.count(OPTIONAL) else "test"
        return [(part, place) for place in range(self.count(part)) if part != OPTIONAL or not (place + 1) % HELD_OUT]

    @property
    def has_features(self) -> bool:
        """Whether CLIP can be trained on it offline."""
        return "features.safetensors" in self._names

    def features(self) -> Features | None:
        """The features; None where they have not been computed."""
        if not self.has_features:
            return None
        try:
            arrays = load(self._read("features.safetensors"))
            images = {part: arrays[part] for part in PARTS[1:] if self.count(part)}
            sentences = msgspec.json.decode(self._read("texts.json"), type=list[str])
            return Features(images, arrays["weight"], arrays["bias"], arrays["texts"], sentences)
        except (KeyError, ValueError, SafetensorError) as error:
            raise DatasetError(f"{self.path}: its features cannot be read ({error!r})") from None

    @functools.cached_property
    def digest(self) -> str:
        """A digest of the names and contents of everything in it: it tells which data set a calibration is for."""
        whole = hashlib.sha256()
        for name in self._names:
            whole.update(f"{name}\n".encode() + hashlib.sha256(self._read(name)).digest())
        return whole.hexdigest()[:16]

    @functools.cached_property
    def _captions(self) -> dict[str, str]:
        if "captions.csv" not in self._names:
            return {}
        rows = csv.DictReader(io.StringIO(self._read("captions.csv").decode("utf-8", errors="replace")))
        try:
            return {row["image"]: row["caption"] for row in reversed(list(rows))}
        except (KeyError, csv.Error) as error:
            raise DatasetError(f"{self.path}: captions.csv has no columns image and caption ({error})") from None

    def _about(self) -> About:
        if "about.json" not in self._names:
            return About(name=self.path.stem)
        try:
            return msgspec.json.decode(self._read("about.json"), type=About)
        except msgspec.MsgspecError as error:
            raise DatasetError(f"{self.path}: about.json: {error}") from None

    def _image(self, name: str) -> NDArray[np.uint8]:
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(self._read(name))) as picture:
                return np.asarray(ImageOps.fit(picture.convert("RGB"), (SIDE, SIDE), Image.Resampling.BICUBIC))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise DatasetError(f"{self.path}: {name} cannot be read as an image ({error})") from None


def _opened(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    """The sorted names of all files in it, and a function that reads one."""
    try:
        if path.is_dir():
            return sorted(_below(path)), lambda name: (path / name).read_bytes()
        archive = zipfile.ZipFile(path)
        return sorted(name for name in archive.namelist() if not name.endswith("/")), archive.read
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} is neither a folder nor a zip that can be read: {error}") from None


def _below(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _is_of(name: str, part: Part) -> bool:
    return name.startswith(f"{part}/") and name.count("/") == 2 and Path(name).suffix.lower() in PICTURES


def _kind(name: str) -> str:
    return name.split("/")[1]
