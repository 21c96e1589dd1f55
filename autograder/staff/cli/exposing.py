"""Decides whether to grade a class where its notebooks could reach files and processes that they should not."""

import sys

import typer

from autograder.student.commands.console import WRONG_USAGE, fail, refuse_unconfined, tell
from autograder.student.output.called import Command


def refuse_exposed(context: typer.Context, confinement: str, *, elsewhere: bool) -> None:
    """Ends the command where other people's code could reach this user's own files and processes, or one another's,
    unless the user has agreed.

    `elsewhere`: other machines grade; they report themselves what they lack.
    """
    from autograder.student.sandbox.starting import exposed

    refuse_unconfined(confinement)
    source = context.get_parameter_source("confinement")
    is_asked_for = source is not None and source.name == "COMMANDLINE"
    if elsewhere or is_asked_for or confinement != "best" or not (lacking := exposed()):
        return
    said = (
        "this machine cannot keep the notebooks of a class from your own files and processes, and from one another "
        f"({'; '.join(lacking)}). `{Command.name} doctor` says how to get what is missing"
    )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail(f"{said}; --sandbox best grades them all the same")
    tell(f"{said}.")
    if not typer.confirm("Grade them all the same?", err=True):
        sys.exit(WRONG_USAGE)
