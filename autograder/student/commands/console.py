"""What the commands write to the terminal besides reports: progress, refusals, and the report in the form asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from autograder.student.grading.verdicts import Verdict
from autograder.student.output.called import Command
from autograder.student.output.results import Results

WRONG_USAGE = 2


PIPED = 1_000
"""Characters of a line of a table that nobody looks at in a terminal."""


class Working:
    """A line on standard error while something takes its time; silent where that is no terminal."""

    def __init__(self, first: str = "starting the sandbox", *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._status = self._console.status(first)

    def __enter__(self) -> Working:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        """What is going on now."""
        self._status.update(text)

    def show(self, item: object, verdicts: list[Verdict]) -> None:
        """An item that has been graded."""
        self.say(f"{verdicts[0].item} done" if verdicts else "")


def render(results: Results, page: Path | None, *, as_json: bool, title: str, name: str) -> None:
    """The report on the terminal or as JSON, and as a page where one is asked for."""
    if page is not None:
        from autograder.student.output import html

        page.parent.mkdir(parents=True, exist_ok=True)
        text = html.render(results, title=title, notebook_name=name)
        page.write_text(text, encoding="utf-8", errors="replace")  # a file name may hold what is no text
    if as_json:
        from autograder.student.output.results import encode

        print(encode(results).decode())
    else:
        from autograder.student.output.terminal import print_report

        print_report(results, Console(), title=title)


def tell(message: str, *, quiet: bool = False) -> None:
    """A line for the person at the terminal, beside what the command is asked for."""
    Console(stderr=True, quiet=quiet).print(message, markup=False, highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Ends the command as one that was used wrongly."""
    text = Text.assemble((f"{Command.name}:", "red"), f" {message}")  # in a message brackets are brackets
    Console(stderr=True).print(text, highlight=False, soft_wrap=True)
    sys.exit(WRONG_USAGE)


def refuse_unconfined(confinement: str) -> None:
    """Ends the command where others' code would run as the user does, and nobody has said so."""
    from autograder.student.sandbox.starting import can_confine

    if confinement != "none" and not can_confine():
        fail("this system cannot confine a notebook's code, only Linux can; --sandbox none runs it as you, unconfined")


def wide_console() -> Console:
    """Piped, a line is as long as it needs to be: whoever searches for a slug finds it whole."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED)
