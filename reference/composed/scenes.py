"""Eight procedural scenes. Each gives a background, and the line on which things stand in it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from reference.composed.canvas import COLUMNS, DEPTH, ROWS, SIDE, Picture, Random, colour, lay, texture

Scene = tuple[Picture, bool]
"""A background, and whether a thing in front of it casts a shadow."""


def _sky(random: Random) -> Picture:
    kind = random.choice(4, p=(0.45, 0.3, 0.15, 0.1))
    top, bottom = (
        ((0.25, 0.48, 0.82), (0.62, 0.78, 0.93)),
        ((0.62, 0.65, 0.70), (0.80, 0.81, 0.83)),
        ((0.66, 0.77, 0.88), (0.90, 0.92, 0.94)),
        ((0.35, 0.35, 0.55), (0.92, 0.62, 0.42)),
    )[kind]
    high, low = colour(random, top, 0.08), colour(random, bottom, 0.06)
    picture = (high + (low - high) * DEPTH) * np.ones((1, SIDE, 1), np.float32)
    if random.random() < 0.6:
        clouds = 1 / (1 + np.exp(-3 * (texture(random) - random.uniform(0, 1.2))))
        picture = lay(picture, colour(random, (0.92, 0.92, 0.93), 0.04), clouds * random.uniform(0.3, 0.9))
    return picture


def _ground(
    random: Random,
    near: ArrayLike,
    far: ArrayLike,
    rough: float,
    *,
    stretch: float = 1.0,
    horizon: float = 0.4,
    spread: float = 0.08,
) -> Picture:
    front, back = colour(random, near, spread), colour(random, far, spread)
    nearness = np.clip((DEPTH - horizon) / (1 - horizon + 1e-3), 0, 1)
    return (back + (front - back) * nearness) * (1 + rough * texture(random, stretch))


def _below(random: Random, picture: Picture, line: float, ground: Picture, waviness: float = 2.0) -> Picture:
    """The picture with `ground` below a wavy line, in pixels from the top."""
    edge = line + waviness * 0.8 * texture(random)[SIDE // 2, :, 0]
    return lay(picture, ground, np.clip(ROWS - edge, 0, 1)[..., None])


def _boxes(picture: Picture, left: float, top: float, right: float, bottom: float, paint: Picture) -> Picture:
    inside = (left <= COLUMNS) & (right > COLUMNS) & (top <= ROWS) & (bottom > ROWS)
    return lay(picture, paint, inside[..., None].astype(np.float32))


def sky(random: Random) -> Scene:
    """A sky, with nothing to stand on."""
    return _sky(random), False


def sea(random: Random) -> Scene:
    """Water, sometimes with a far shore."""
    picture, horizon = _sky(random), random.uniform(0.22, 0.55)
    near = np.asarray(((0.12, 0.32, 0.50), (0.18, 0.42, 0.48), (0.36, 0.44, 0.50))[random.choice(3)])
    water = _ground(random, near, near + 0.12, 0.13, stretch=2.2, horizon=horizon)
    if random.random() < 0.3:
        shore = _ground(random, (0.30, 0.36, 0.30), (0.40, 0.45, 0.42), 0.2)
        picture = _below(random, picture, horizon * SIDE - random.uniform(2, 12), shore, 3)
    return _below(random, picture, horizon * SIDE, water, 0.2), True


def grass(random: Random) -> Scene:
    """A meadow, sometimes with trees behind it."""
    picture, horizon = _sky(random), random.uniform(0.22, 0.55)
    if random.random() < 0.5:
        trees = _ground(random, (0.14, 0.25, 0.12), (0.20, 0.32, 0.18), 0.3)
        picture = _below(random, picture, horizon * SIDE - random.uniform(5, 30), trees, 5)
    meadow = _ground(random, (0.33, 0.50, 0.18), (0.48, 0.60, 0.30), 0.18, stretch=1.3, horizon=horizon)
    return _below(random, picture, horizon * SIDE, meadow), True


def forest(random: Random) -> Scene:
    """Leaves, trunks, sometimes a path."""
    picture = _ground(random, (0.16, 0.26, 0.12), (0.28, 0.38, 0.20), 0.45)
    for _ in range(random.poisson(5)):
        x, width = random.uniform(0, SIDE), random.uniform(1, 5)
        trunk = np.clip(width - np.abs(COLUMNS - x - random.normal(0, 0.05) * ROWS), 0, 1)[..., None]
        picture = lay(picture, colour(random, (0.26, 0.19, 0.13), 0.06), trunk * random.uniform(0.6, 1))
    if random.random() < 0.6:
        path = _ground(random, (0.36, 0.32, 0.18), (0.30, 0.34, 0.16), 0.25)
        picture = _below(random, picture, SIDE * random.uniform(0.6, 0.85), path)
    return picture, True


def road(random: Random) -> Scene:
    """A street with houses or trees along it."""
    picture, horizon = _sky(random), random.uniform(0.22, 0.55)
    left = random.uniform(-20, 0)
    while left < SIDE:
        width, top = random.uniform(10, 40), horizon * SIDE - random.uniform(0, 45)
        shades = ((0.55, 0.42, 0.36), (0.62, 0.60, 0.57), (0.40, 0.42, 0.46), (0.20, 0.30, 0.16))
        wall = colour(random, shades[random.choice(4)], 0.10) * (1 + 0.2 * texture(random))
        if random.random() < 0.5:
            windows = (COLUMNS % 7 < 3) & (ROWS % 8 < 4)
            wall = wall * (1 - 0.35 * windows[..., None])
        picture = _boxes(picture, left, top, left + width, SIDE, wall)
        left += width + max(0, random.normal(2, 10))
    asphalt = _ground(random, (0.36, 0.36, 0.37), (0.50, 0.49, 0.48), 0.10, stretch=2, horizon=horizon)
    return _below(random, picture, horizon * SIDE, asphalt, 0.4), True


def dirt(random: Random) -> Scene:
    """Dry ground."""
    picture, horizon = _sky(random), random.uniform(0.22, 0.55)
    ground = _ground(random, (0.60, 0.48, 0.33), (0.70, 0.60, 0.45), 0.15, stretch=1.3, horizon=horizon)
    return _below(random, picture, horizon * SIDE, ground), True


def snow(random: Random) -> Scene:
    """Snow, sometimes with firs behind it."""
    picture, horizon = _sky(random), random.uniform(0.22, 0.55)
    if random.random() < 0.4:
        firs = _ground(random, (0.18, 0.24, 0.22), (0.30, 0.36, 0.35), 0.3)
        picture = _below(random, picture, horizon * SIDE - random.uniform(5, 30), firs, 5)
    ground = _ground(random, (0.84, 0.87, 0.92), (0.90, 0.92, 0.95), 0.05, horizon=horizon)
    return _below(random, picture, horizon * SIDE, ground), True


def room(random: Random) -> Scene:
    """A wall with things on it, and a floor."""
    shades = ((0.80, 0.74, 0.64), (0.62, 0.50, 0.42), (0.70, 0.72, 0.74), (0.50, 0.30, 0.28))
    picture = colour(random, shades[random.choice(4)], 0.12) * (1 + 0.05 * texture(random))
    for _ in range(random.poisson(2.5)):
        (left, top), (width, height) = random.uniform(-10, SIDE - 10, 2), random.uniform(12, 45, 2)
        paint = colour(random, random.uniform(0.15, 0.85, 3), 0.05) * (1 + 0.1 * texture(random))
        picture = _boxes(picture, left, top, left + width, top + height, paint)
    horizon = random.uniform(0.5, 0.8)
    floor = _ground(random, (0.50, 0.36, 0.24), (0.55, 0.42, 0.30), 0.12, stretch=2, horizon=horizon, spread=0.16)
    return _below(random, picture, horizon * SIDE, floor, 0.1), True


SCENES: dict[str, Callable[[Random], Scene]] = {
    "in the sky": sky,
    "on the sea": sea,
    "on the grass": grass,
    "in the forest": forest,
    "on the road": road,
    "on dry ground": dirt,
    "in the snow": snow,
    "in a room": room,
}
"""The scenes by the words that captions have for them."""
