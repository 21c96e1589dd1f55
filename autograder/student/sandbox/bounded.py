"""Runs a function of ours on a student's text within limits of time and memory, so that no text can take the grader's
time or end the grader."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from autograder.student.sandbox.bounds import Exhausted, Failed

__all__ = ["SECONDS", "Exhausted", "Failed", "bounded"]
SECONDS = 20.0
"""Seconds. An honest notebook needs one second on half a processor."""

T = TypeVar("T")


def bounded(function: Callable[..., T], *arguments: Any, answer: Any, seconds: float = SECONDS) -> T:
    """The value that the function returns, which is data of the type `answer`. Raises Exhausted and Failed.

    Only Linux forks a process for it. On other systems students run their own notebooks, and on macOS no library works
    in a fork of a process that has used it.
    """
    if sys.platform == "linux" and hasattr(os, "fork"):
        from autograder.student.sandbox.short_lived import in_short_lived_process

        return in_short_lived_process(function, arguments, answer, seconds)
    return function(*arguments)
