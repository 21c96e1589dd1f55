"""Prints a notebook for grading by eye."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.student.commands.laid_out import laid_out
from autograder.student.output.paper import page, title_of
from autograder.student.output.printing import Printer, print_page
from autograder.student.output.results import Results


def print_notebook(
    path: Path, out: Path, *, author: str, results: Results | None, printer: Printer = "auto", graded: bool = False
) -> str:
    """Writes the PDF and returns the name of the program that printed it. Raises UnreadableSubmission, LayoutError,
    PrintingError and OSError."""
    return print_page(laid_out(_page, path, author, results, graded), out, printer)


def _page(content: Mapping[str, Any], path: Path, author: str, results: Results | None, graded: bool) -> str:
    title, author = title_of(content) or path.stem, author or path.name
    return page(content, title=title, author=author, results=results, folder=path.parent, graded=graded)
