"""Pictures that a finding shows: as data. The code that makes a page draws them."""

import msgspec


class Strip(msgspec.Struct, frozen=True):
    """Photos side by side."""

    label: str
    jpeg: bytes


class Photos(msgspec.Struct, frozen=True, tag="photos"):
    """Strips one below another."""

    caption: str
    strips: tuple[Strip, ...]


class Curve(msgspec.Struct, frozen=True, tag="curve"):
    """Values over epochs, and the usual range."""

    caption: str
    values: tuple[float, ...]
    usual: tuple[float, ...] = ()


class Matrix(msgspec.Struct, frozen=True, tag="matrix"):
    """Similarities of rows and columns; a row and the column at the same place belong together."""

    caption: str
    labels: tuple[str, ...]
    """The labels of the rows; the columns have the same order."""
    values: tuple[tuple[float, ...], ...]
    """Values between -1 and 1."""


Picture = Photos | Curve | Matrix
