"""What exceptions of Python and PyTorch mean that students often meet; the sentences are in hints.toml."""

import re
from functools import cache
from importlib.resources import files

import msgspec


class Hint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meaning of exceptions with a text that matches a pattern."""

    pattern: str
    means: str
    """{0}, {1}, ... stand for the groups of the pattern."""


class Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    hints: tuple[Hint, ...]


@cache
def known() -> tuple[Hint, ...]:
    """All hints."""
    return msgspec.toml.decode(files(__package__).joinpath("hints.toml").read_bytes(), type=Hints).hints


def hint(text: str) -> str:
    """What an exception with this text means; "" where that is not known."""
    for each in known():
        if found := re.search(each.pattern, text):
            return each.means.format(*found.groups())
    return ""
