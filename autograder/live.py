"""`from autograder.live import check`, as students' notebooks write it."""

from autograder.student.live import check

__all__ = ["check"]
