"""What a finding has to show besides words: as data, drawn by whoever makes a page."""

import msgspec


class Strip(msgspec.Struct, frozen=True):
    """Photos side by side."""

    label: str
    jpeg: bytes


class Photos(msgspec.Struct, frozen=True, tag="photos"):
    """Strips one below the other."""

    caption: str
    strips: tuple[Strip, ...]


class Curve(msgspec.Struct, frozen=True, tag="curve"):
    """Values over epochs, and what is usual."""

    caption: str
    values: tuple[float, ...]
    usual: tuple[float, ...] = ()


class Matrix(msgspec.Struct, frozen=True, tag="matrix"):
    """Similarities of rows and columns, of which those in the same place belong together."""

    caption: str
    labels: tuple[str, ...]
    """Of the rows; the columns are in the same order."""
    values: tuple[tuple[float, ...], ...]
    """Between -1 and 1."""


Picture = Photos | Curve | Matrix
