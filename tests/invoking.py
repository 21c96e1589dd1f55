"""The command line of Problem Set 7, in the test's own process."""

from typer.testing import CliRunner

from autograder.ps7.student.assignment import PS7
from autograder.staff.cli.instructor import new_app


def invoke(arguments, assignment=PS7, **settings):
    """The result, as typer's runner gives it."""
    app, words = new_app(assignment), [*map(str, arguments)]
    return CliRunner().invoke(app, words, obj=assignment, prog_name=assignment.name, **settings)
