"""Lays a notebook out, in a process with limits: its text may be made to take for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.student.sandbox.bounded import Exhausted, Failed, bounded
from autograder.student.submission.locating import read_bytes
from autograder.student.submission.notebook import parse_content

SECONDS = 60.0
"""Seconds. An honest notebook is laid out in two."""


class LayoutError(Exception):
    """The notebook cannot be laid out; the message says why."""


def laid_out(make: Callable[..., str], notebook: Path, *arguments: Any) -> str:
    """The page that `make` returns for the content of the notebook's file. Raises UnreadableSubmission and
    LayoutError."""
    content = parse_content(read_bytes(notebook), [])
    try:
        return bounded(make, content, notebook, *arguments, answer=str, seconds=SECONDS)
    except Exhausted as error:
        raise LayoutError(
            f"the notebook cannot be laid out: {error}. A text cell with thousands of dollar signs can cause this"
        ) from None
    except Failed as error:
        raise LayoutError(f"the notebook cannot be laid out: {error}") from None
