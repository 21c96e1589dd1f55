"""What is written to a terminal: the one way there, and no text from outside is an order to it.

Nothing is read as markup. No character of a text is one that a terminal obeys (escape sequences, C0 and C1) or that
turns the direction of writing, whatever it is printed as. What is shown has a type of its own, which mypy sees to.
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
"""Characters of a line of a table that nobody looks at in a terminal."""


class Screen(Console):
    """A terminal, or the file that stands for one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def print(self, *parts: Shown, soft_wrap: bool = False, **more: Any) -> None:  # type: ignore[override]
        """Takes no bare text, of which nobody could say what it is. `soft_wrap`: a line may be longer than the terminal
        is wide, so that a path in it can be copied."""
        super().print(*parts, soft_wrap=soft_wrap, **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich prints, line breaks and its own orders apart, without what a terminal obeys."""
        for segment in super().render(renderable, options):
            if segment.control or all(map(is_harmless, segment.text)):
                yield segment
            else:
                yield Segment("".join(filter(is_harmless, segment.text)), segment.style)


def screen(*, quiet: bool = False) -> Screen:
    """Where a command's answer goes."""
    return Screen(quiet=quiet)


def beside(*, quiet: bool = False) -> Screen:
    """Where what is said beside the answer goes: standard error."""
    return Screen(stderr=True, quiet=quiet)


def wide_screen() -> Screen:
    """Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole."""
    return Screen() if sys.stdout.isatty() else Screen(width=PIPED)


def into(file: IO[str], width: int) -> Screen:
    """As a terminal of that width without colors."""
    return Screen(file=file, width=width, force_jupyter=False, force_terminal=False)


def say(text: str, *, end: str = "\n") -> None:
    """A command's answer where it is plain text: letter for letter, whatever the terminal's width."""
    encoding = sys.stdout.encoding or "utf-8"
    known = "".join(filter(is_harmless, text)).encode(encoding, "replace").decode(encoding)
    sys.stdout.write(known + end)
    sys.stdout.flush()


def say_json(data: bytes | str) -> None:
    """A command's answer for scripts."""
    text = data.decode() if isinstance(data, bytes) else data
    say("".join(each if is_harmless(each) else f"\\u{ord(each):04x}" for each in text.rstrip("\n")))
