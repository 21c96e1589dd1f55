"""Writes to a terminal. This is the only way to the terminal, and no text from outside can control it.

Nothing is read as markup. No text is written with characters that a terminal obeys (escape sequences, C0 and C1) or
that turn the direction of writing, however it is printed. Text that is shown has a type of its own, and mypy checks it.
"""

import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from autograder.student.output.results import is_harmless

Shown = Text | Table | Markdown | Padding
PIPED = 1_000
"""The width in characters of a table's line where the output is not a terminal."""


class Screen(Console):
    """A terminal, or the file that replaces it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def print(self, *parts: Shown, soft_wrap: bool = False, **more: Any) -> None:  # type: ignore[override]
        """Writes it. Plain strings are not accepted, because nothing tells where they come from. `soft_wrap`: a line
        may be longer than the terminal is wide, so that a path in it can be copied."""
        super().print(*parts, soft_wrap=soft_wrap, **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Segments as rich prints them, without the characters that a terminal obeys; line breaks and rich's own
        control codes stay."""
        for segment in super().render(renderable, options):
            if segment.control or all(map(is_harmless, segment.text)):
                yield segment
            else:
                yield Segment("".join(filter(is_harmless, segment.text)), segment.style)


def screen(*, quiet: bool = False) -> Screen:
    """The place for a command's answer: standard output."""
    return Screen(quiet=quiet)


def beside(*, quiet: bool = False) -> Screen:
    """The place for messages beside the answer: standard error."""
    return Screen(stderr=True, quiet=quiet)


def wide_screen() -> Screen:
    """Without a terminal, a line is as long as it needs to be, so that grep finds a slug in one piece."""
    return Screen() if sys.stdout.isatty() else Screen(width=PIPED)


def into(file: IO[str], width: int) -> Screen:
    """As on a terminal of that width without colors."""
    return Screen(file=file, width=width, force_jupyter=False, force_terminal=False)


def say(text: str, *, end: str = "\n") -> None:
    """Writes a command's answer as plain text: letter for letter, whatever the terminal's width."""
    encoding = sys.stdout.encoding or "utf-8"
    known = "".join(filter(is_harmless, text)).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(known + end)
    sys.stdout.flush()


def say_json(data: bytes | str) -> None:
    """Writes a command's answer for scripts."""
    text = data.decode() if isinstance(data, bytes) else data
    say("".join(each if is_harmless(each) else f"\\u{ord(each):04x}" for each in text.rstrip("\n")))
