"""What exceptions of Python and PyTorch mean that students meet at midnight; the sentences are in hints.toml."""

import re
from functools import cache
from importlib.resources import files

import msgspec


class Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What exceptions with a text like this mean."""

    pattern: str
    means: str
    """{0}, {1}, ... stand for what the pattern's groups have found."""


class Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    hints: tuple[Hint, ...]


@cache
def known() -> tuple[Hint, ...]:
    """All hints."""
    return msgspec.toml.decode(files(__package__).joinpath("hints.toml").read_bytes(), type=Hints).hints


def hint(text: str) -> str:
    """What is known of an exception with this text; "" where nothing is."""
    for each in known():
        if found := re.search(each.pattern, text):
            return each.means.format(*found.groups())
    return ""
