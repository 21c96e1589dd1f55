"""What the commands write to the terminal besides reports: progress, refusals, and the report in the form that was
asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from rich.text import Text

from autograder.student.grading.verdicts import Verdict
from autograder.student.output.called import Command
from autograder.student.output.results import Results
from autograder.student.output.screen import beside, say_json, screen

WRONG_USAGE = 2


class Working:
    """A line on standard error while something takes time. Where standard error is not a terminal, nothing is shown;
    with `lines`, for work that takes minutes, each step writes a line."""

    def __init__(self, first: str = "starting the sandbox", *, quiet: bool = False, lines: bool = False) -> None:
        console = beside(quiet=quiet)
        self._log = console if lines and not console.is_terminal else None
        self._first, self._status = first, console.status(Text(first))

    def __enter__(self) -> Working:
        self._status.start()
        if self._log is not None:
            self._log.print(Text(self._first), soft_wrap=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        """Shows what is going on now."""
        self._status.update(Text(text))
        if self._log is not None and text:
            self._log.print(Text(text), soft_wrap=True)

    def show(self, item: object, verdicts: list[Verdict]) -> None:
        """Shows an item that has been graded."""
        self.say(f"{verdicts[0].item} done" if verdicts else "")


def write_page(results: Results, page: Path, *, title: str, name: str) -> str:
    """Writes the report as a page; returns why it could not be written, "" where it was."""
    from autograder.student.output import html
    from autograder.student.output.placing import place_text

    try:
        place_text(page, html.render(results, title=title, notebook_name=name))
    except OSError as error:
        return f"{page} cannot be written: {error.strerror or error}"
    return ""


def render(results: Results, *, as_json: bool, title: str) -> None:
    """Writes the report to the terminal, or as JSON."""
    if as_json:
        from autograder.student.output.results import encode

        say_json(encode(results))
    else:
        from autograder.student.output.terminal import print_report

        print_report(results, screen(), title=title)


def tell(message: str, *, quiet: bool = False) -> None:
    """Writes a line for the person at the terminal, beside the command's answer."""
    beside(quiet=quiet).print(Text(message), soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Ends the command because it was used wrongly."""
    beside().print(Text.assemble((f"{Command.name}:", "red"), f" {message}"), soft_wrap=True)
    sys.exit(WRONG_USAGE)


def refuse_unconfined(confinement: str) -> None:
    """Ends the command where other people's code would run with the user's own rights, and the user has not agreed to
    that."""
    from autograder.student.sandbox.starting import can_confine

    if confinement != "none" and not can_confine():
        fail(
            "this system cannot confine a notebook's code: only Linux can. --sandbox none runs the code with your "
            "own rights, unconfined"
        )
