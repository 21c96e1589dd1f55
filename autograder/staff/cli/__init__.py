"""The command line as instructors have it."""

from autograder.staff.cli.instructor import main

__all__ = ["main"]
