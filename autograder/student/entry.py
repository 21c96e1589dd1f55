"""Where a command begins. Grading needs a zygote, or a plain guest, whose imports take longest. So it begins before the
command line is imported."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from autograder.student.sandbox.starting import can_confine

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment

GRADING = ("grade", "check", "explain")
"""Commands that grade one submission."""


def main(assignment: "Assignment") -> None:
    """Runs the students' command line."""
    run(assignment, "autograder.student.cli")


def run(assignment: "Assignment", command_line: str) -> None:
    """Runs the command line in that module."""
    _begin(assignment, sys.argv[1:])
    import_module(command_line).main(assignment)


def will_grade(arguments: Sequence[str]) -> bool:
    """Whether a command with these arguments is likely to grade. A wrong guess costs some time."""
    command, *others = arguments or ("",)
    return command in GRADING and any(map(os.path.lexists, others)) and not {"--help", "--show"} & {*others}


def _begin(assignment: "Assignment", arguments: Sequence[str]) -> None:
    if not will_grade(arguments):
        return
    from autograder.student.sandbox.early import begin

    if sys.platform == "linux" and can_confine() and not {"none", "--sandbox=none"} & {*arguments}:
        from autograder.student.sandbox.begun_zygote import BegunZygote

        begin(BegunZygote, assignment.guests_find)
    else:
        from autograder.student.sandbox.begun_plain import BegunPlain

        begin(BegunPlain, assignment.guests_find)
