"""Prints a notebook for grading by eye."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.student.output.paper import page, title_of
from autograder.student.output.printing import Printer, PrintingError, print_page
from autograder.student.output.results import Results
from autograder.student.sandbox.bounded import Exhausted, Failed, bounded
from autograder.student.submission.locating import read_bytes
from autograder.student.submission.notebook import parse_content

SECONDS = 60.0
"""An honest notebook is laid out in two."""


def print_notebook(path: Path, out: Path, *, author: str, results: Results | None, printer: Printer) -> str:
    """Writes the PDF and returns what has printed it. Raises UnreadableSubmission, PrintingError and OSError."""
    content = parse_content(read_bytes(path), [])
    try:
        html = bounded(_page, content, path, author, results, answer=str, seconds=SECONDS)
    except Exhausted as error:
        raise PrintingError(
            f"the notebook cannot be laid out: {error}; a text cell with thousands of dollar signs does that"
        ) from None
    except Failed as error:
        raise PrintingError(f"the notebook cannot be laid out: {error}") from None
    return print_page(html, out, printer)


def _page(content: Mapping[str, Any], path: Path, author: str, results: Results | None) -> str:
    return page(content, title=title_of(content) or path.stem, author=author or path.name, results=results)
