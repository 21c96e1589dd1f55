"""What drawing functions return, in matplotlib's shapes and without a picture: notebooks unpack, flatten and index
it."""

from typing import Any

import numpy as np
import torch

from autograder.guest.modules import Blank


def histogram(x: Any, bins: Any = None, range: Any = None, **_: Any) -> tuple[Any, Any, Blank]:
    """Counts, edges and bars for the values in `x`; 10 bins where the call does not ask for another number."""
    counts, edges = np.histogram(np.ravel(x), 10 if bins is None else bins, range)
    return counts.astype(float), edges, Blank()


class Axes(Blank):
    """One pair of axes."""

    hist = staticmethod(histogram)


def axes(*_: Any, **__: Any) -> Axes:
    """`plt.gca()` and similar calls."""
    return Axes()


def subplots(nrows: int = 1, ncols: int = 1, *_: Any, squeeze: bool = True, **__: Any) -> tuple[Blank, Any]:
    """A figure and its axes."""
    grid = np.empty((nrows, ncols), dtype=object)
    for place in np.ndindex(nrows, ncols):
        grid[place] = Axes()
    if not squeeze:
        return Blank(), grid
    return Blank(), grid.squeeze() if grid.size > 1 else grid.flat[0]


def picture(*_: Any, **__: Any) -> Any:
    """A photo, black."""
    return np.zeros((64, 64, 3), dtype=np.uint8)


def make_grid(images: Any, nrow: int = 8, padding: int = 2, **_: Any) -> Any:
    """A black picture of the size that torchvision's would have; importing torchvision takes long."""
    images = torch.stack(list(images)) if isinstance(images, list | tuple) else images
    if images.ndim < 4 or len(images) == 1:
        return images.reshape(images.shape[-3:])
    count, _, height, width = images.shape
    columns = min(nrow, count)
    rows = -(-count // columns)
    return torch.zeros(3, rows * (height + padding) + padding, columns * (width + padding) + padding)


def first(argument: Any, *_: Any, **__: Any) -> Any:
    """Replaces functions that change a picture."""
    return argument
