"""Where a command begins, for the staff. Grading is watched by a process that has imported nothing."""

import sys
from functools import partial
from typing import TYPE_CHECKING

from autograder.staff.commands.watched import watched
from autograder.student.entry import run

if TYPE_CHECKING:
    from autograder.student.assignment import Assignment


def main(assignment: "Assignment") -> None:
    """Runs the staff's command line."""
    begins = partial(run, assignment, "autograder.staff.cli.instructor")
    if sys.argv[1:2] == ["grade"]:
        watched(begins, assignment.name)
    else:
        begins()
