"""One image: a drawing in front of a scene that often fits its class, among clutter, as a camera sees it."""

import msgspec
import numpy as np
from PIL import Image, ImageFilter

from reference.composed.canvas import COLUMNS, ROWS, SIDE, Picture, Random, blob
from reference.composed.drawings import drawings
from reference.composed.scenes import SCENES

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
"""STL-10's classes, in its order."""
CO_OCCURRENCE = {
    "airplane": (0.72, 0.03, 0.05, 0.00, 0.16, 0.02, 0.02, 0.00),
    "bird": (0.22, 0.16, 0.18, 0.25, 0.03, 0.05, 0.07, 0.04),
    "car": (0.00, 0.02, 0.10, 0.04, 0.66, 0.10, 0.05, 0.03),
    "cat": (0.00, 0.00, 0.14, 0.03, 0.07, 0.05, 0.02, 0.69),
    "deer": (0.00, 0.01, 0.34, 0.46, 0.02, 0.05, 0.12, 0.00),
    "dog": (0.00, 0.05, 0.34, 0.05, 0.10, 0.08, 0.08, 0.30),
    "horse": (0.00, 0.03, 0.50, 0.07, 0.03, 0.32, 0.05, 0.00),
    "monkey": (0.00, 0.00, 0.10, 0.60, 0.03, 0.17, 0.00, 0.10),
    "ship": (0.03, 0.93, 0.00, 0.01, 0.01, 0.00, 0.02, 0.00),
    "truck": (0.00, 0.01, 0.07, 0.03, 0.70, 0.14, 0.05, 0.00),
}
"""How often a class is seen in each of SCENES."""
TEMPLATES = (
    "a {thing} {place}",
    "a photo of a {thing} {place}",
    "there is a {thing} {place}",
    "one {thing} {place}",
    "a picture of a {thing}, {place}",
)


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How hard the images are. Ranges are drawn from uniformly; a "spread" goes up and down from 1 or 0."""

    scene_fits: float = 0.70
    """The probability that a scene follows CO_OCCURRENCE; otherwise it is any of the eight."""
    size: tuple[float, float] = (0.45, 0.80)
    """The drawing's longer side, relative to the image's."""
    off_centre: float = 0.16
    rotation: float = 12.0
    """Degrees."""
    hue: float = 0.05
    """Turns."""
    saturation: float = 0.4
    brightness: float = 0.3
    tint: float = 0.15
    """The most of the scene's mean colour that the drawing takes on."""
    clutter: float = 2.0
    """The mean number of foreign shapes."""
    contrast: float = 0.35
    exposure: float = 0.15
    blur: float = 0.8
    """Pixels at most."""
    noise: float = 0.03


class Composed(msgspec.Struct, frozen=True):
    """One image, with its class, scene and caption."""

    pixels: np.ndarray
    """(SIDE, SIDE, 3) uint8."""
    kind: str
    caption: str


def compose(random: Random, kind: str, recipe: Recipe) -> Composed:
    """An image of the class `kind`."""
    fitting = np.asarray(CO_OCCURRENCE[kind])
    chances = recipe.scene_fits * fitting / fitting.sum() + (1 - recipe.scene_fits) / len(SCENES)
    place = list(SCENES)[random.choice(len(SCENES), p=chances)]
    picture, shadow = SCENES[place](random)
    clutter = random.poisson(recipe.clutter)
    behind = random.binomial(clutter, 0.7)
    for _ in range(behind):
        picture = blob(random, picture)
    picture = _place(random, picture, _drawing(random, kind, recipe), recipe, shadow=shadow)
    for _ in range(clutter - behind):
        picture = blob(random, picture)
    caption = TEMPLATES[random.integers(len(TEMPLATES))].format(thing=kind, place=place)
    return Composed(_photograph(random, picture, recipe), kind, caption)


def _drawing(random: Random, kind: str, recipe: Recipe) -> Picture:
    """(H, W, 4), resized, turned, coloured."""
    choice = drawings()[kind]
    drawn = choice[random.integers(len(choice))]
    scale = random.uniform(*recipe.size) * SIDE / max(drawn.size)
    if random.random() < 0.5:
        drawn = drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    width, height = (max(4, round(side * scale)) for side in drawn.size)
    drawn = drawn.resize((width, height), Image.Resampling.LANCZOS)
    turned = drawn.rotate(random.uniform(-recipe.rotation, recipe.rotation), Image.Resampling.BICUBIC, expand=True)
    pixels = np.asarray(turned, np.float32) / 255
    painted = _recoloured(random, pixels[..., :3], recipe)
    return np.concatenate([np.clip(painted, 0, 1), pixels[..., 3:]], axis=-1)


def _recoloured(random: Random, colours: Picture, recipe: Recipe) -> Picture:
    """Rotated around the grey axis, then with another saturation and brightness."""
    angle = random.uniform(-recipe.hue, recipe.hue) * 2 * np.pi
    grey = np.full((3, 3), 1 / 3)
    cross = np.array(((0, -1, 1), (1, 0, -1), (-1, 1, 0))) / np.sqrt(3)
    turn = grey + np.cos(angle) * (np.eye(3) - grey) + np.sin(angle) * cross
    colours = colours @ turn.T.astype(np.float32)
    mean = colours.mean(axis=-1, keepdims=True)
    vivid = mean + (colours - mean) * _around_one(random, recipe.saturation)
    return vivid * _around_one(random, recipe.brightness)


def _place(random: Random, picture: Picture, drawing: Picture, recipe: Recipe, *, shadow: bool) -> Picture:
    """The drawing on the picture, cut off at its edges, with a soft shadow below it."""
    mean = picture.mean(axis=(0, 1))
    drawing[..., :3] += (mean - drawing[..., :3]) * random.uniform(0, recipe.tint)
    height, width, _ = drawing.shape
    x, y = SIDE / 2 + SIDE * random.uniform(-recipe.off_centre, recipe.off_centre, 2)
    top, left = round(y - height / 2), round(x - width / 2)
    rows, columns = slice(max(top, 0), min(top + height, SIDE)), slice(max(left, 0), min(left + width, SIDE))
    seen = drawing[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    picture = np.array(picture, np.float32)
    if shadow:
        size = max(height, width)
        distance = ((COLUMNS - x) / (0.35 * size)) ** 2 + ((ROWS - rows.stop + 2) / (0.06 * size)) ** 2
        picture *= 1 - 0.35 * np.exp(-distance)[..., None]
    picture[rows, columns] += (seen[..., :3] - picture[rows, columns]) * seen[..., 3:]
    return picture


def _photograph(random: Random, picture: Picture, recipe: Recipe) -> np.ndarray:
    """Contrast, exposure, white balance, blur and noise."""
    mean = picture.mean()
    picture = (picture - mean) * _around_one(random, recipe.contrast) + mean
    picture = picture + random.uniform(-recipe.exposure, recipe.exposure) + random.normal(0, 0.03, 3)
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0, recipe.blur))), np.float32)
    noisy = blurred + random.standard_normal(blurred.shape) * 255 * random.uniform(0, recipe.noise)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _around_one(random: Random, spread: float) -> float:
    return random.uniform(1 - spread, 1 + spread)
