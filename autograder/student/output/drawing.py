"""Pictures of findings as parts of a page, drawn by its template `pictures.html.j2`."""

import base64
from collections.abc import Sequence
from itertools import chain

import msgspec

from autograder.student.grading.pictures import Picture
from autograder.student.output.results import PICTURES, Test

WIDTH, HEIGHT = 300, 90
"""The size of a curve, in the units of its drawing."""


def pictures_of(test: Test) -> tuple[Picture, ...]:
    """The pictures; none where results written by hand hold something else."""
    try:
        return msgspec.convert(test.extra_data.get(PICTURES, ()), tuple[Picture, ...])
    except msgspec.ValidationError:
        return ()


def polylines(*curves: Sequence[float]) -> list[str]:
    """The points of each series, for SVG: all have one scale, with the least of all values at the bottom."""
    values = [*chain(*curves)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    longest = max(map(len, curves), default=1)
    return [
        " ".join(
            f"{WIDTH * place / max(longest - 1, 1):.1f},{HEIGHT * (high - value) / ((high - low) or 1):.1f}"
            for place, value in enumerate(curve)
        )
        for curve in curves
    ]


def in_the_page(jpeg: bytes) -> str:
    """A URL that holds the photo itself."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
