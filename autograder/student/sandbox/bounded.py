"""Runs a function of ours on what a student wrote within bounds of time and memory: no text can take the grader's time,
or its life."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from autograder.student.sandbox.bounds import Exhausted, Failed

__all__ = ["SECONDS", "Exhausted", "Failed", "bounded"]
SECONDS = 20.0
"""An honest notebook needs a second on half a processor."""

T = TypeVar("T")


def bounded(function: Callable[..., T], *arguments: Any, answer: Any, seconds: float = SECONDS) -> T:
    """What the function returns, which is data of the type `answer`. Raises Exhausted and Failed.

    Only Linux forks a process for it: elsewhere students run their own notebooks, and macOS lets no library go on in a
    fork of a process that has used it.
    """
    if sys.platform == "linux" and hasattr(os, "fork"):
        from autograder.student.sandbox.short_lived import in_short_lived_process

        return in_short_lived_process(function, arguments, answer, seconds)
    return function(*arguments)
