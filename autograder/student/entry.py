"""Where a command begins. What grades needs a zygote, whose imports take longest: it begins before the command line is
imported."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment

GRADING = ("grade", "check", "explain")
"""Commands that grade one submission."""


def main(assignment: "Assignment") -> None:
    """Runs the students' command line."""
    run(assignment, "autograder.student.cli")


def run(assignment: "Assignment", command_line: str) -> None:
    """Runs the command line in that module."""
    if sys.platform == "linux" and will_grade(sys.argv[1:]):
        from autograder.student.sandbox.begun import begin

        begin(assignment.guests_find)
    import_module(command_line).main(assignment)


def will_grade(arguments: Sequence[str]) -> bool:
    """Whether a command with these arguments is likely to grade in a sandbox. A wrong guess costs some time."""
    command, *others = arguments or ("",)
    unlikely = {"--help", "--show", "none", "--sandbox=none"} & {*others}
    return command in GRADING and any(map(os.path.lexists, others)) and not unlikely
