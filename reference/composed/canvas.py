"""The tools that paint scenes and compositions: images are float32 arrays (SIDE, SIDE, 3) in about [0, 1]."""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

Random = np.random.Generator
Picture = NDArray[np.float32]
SIDE = 96
"""Pixels, as in STL-10."""
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
DEPTH = (np.arange(SIDE, dtype=np.float32) / (SIDE - 1))[:, None, None]
"""The height in the image: 0 at the top, 1 at the bottom."""
_FIELDS, _FIELD_SIDE = 64, 160


def colour(random: Random, base: ArrayLike, spread: float) -> Picture:
    """A colour (3,) around `base`: half of the deviation is brightness, half is hue."""
    deviation = 0.6 * random.standard_normal() + 0.6 * random.standard_normal(3)
    return np.clip(np.asarray(base, np.float32) + spread * deviation, 0, 1).astype(np.float32)


def texture(random: Random, stretch: float = 1.0) -> Picture:
    """(SIDE, SIDE, 1) of fractal noise, about N(0, 1); above 1, `stretch` squashes it vertically, as water and roads
    look."""
    field = _noise()[random.integers(_FIELDS)]
    if stretch > 1:
        left = random.integers(0, _FIELD_SIDE - SIDE + 1)
        rows = (np.arange(SIDE) * stretch).astype(int) % _FIELD_SIDE
        return field[rows, left : left + SIDE, None]
    top, left = random.integers(0, _FIELD_SIDE - SIDE + 1, 2)
    field = field[top : top + SIDE, left : left + SIDE, None]
    return field[:, ::-1] if random.random() < 0.5 else field


def lay(picture: Picture, over: Picture, mask: Picture) -> Picture:
    """`over` on the picture where the mask (SIDE, SIDE, 1) is 1."""
    return picture + (over - picture) * mask


def blob(random: Random, picture: Picture) -> Picture:
    """The picture with an ellipse or a box of any colour on it, partly transparent."""
    x, y = random.uniform(0, SIDE, 2)
    width, height = random.uniform(3, 14, 2)
    angle = random.uniform(0, np.pi)
    along = (COLUMNS - x) * np.cos(angle) + (ROWS - y) * np.sin(angle)
    across = (ROWS - y) * np.cos(angle) - (COLUMNS - x) * np.sin(angle)
    if random.random() < 0.6:
        distance = np.hypot(along / width, across / height)
    else:
        distance = np.maximum(abs(along / width), abs(across / height))
    mask = np.clip((1 - distance) * min(width, height), 0, 1)[..., None] * random.uniform(0.6, 1)
    return lay(picture, random.uniform(0.08, 0.92, 3) * (1 + 0.12 * texture(random)), mask.astype(np.float32))


@functools.cache
def _noise() -> NDArray[np.float32]:
    """(_FIELDS, _FIELD_SIDE, _FIELD_SIDE), each of deviation 1."""
    random = np.random.default_rng(12345)
    fields = np.zeros((_FIELDS, _FIELD_SIDE, _FIELD_SIDE), np.float32)
    for field in fields:
        for octave, cells in enumerate((4, 8, 16, 32, 64)):
            coarse = Image.fromarray(random.standard_normal((cells, cells)).astype(np.float32))
            smooth = coarse.resize((_FIELD_SIDE, _FIELD_SIDE), Image.Resampling.BICUBIC)
            field += np.asarray(smooth) * 0.62**octave
        field -= field.mean()
        field /= field.std()
    return fields
