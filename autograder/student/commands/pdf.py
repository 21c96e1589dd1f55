"""Prints a notebook for grading by eye."""

from pathlib import Path

from autograder.student.output.paper import page, title_of
from autograder.student.output.printing import Printer, print_page
from autograder.student.output.results import Results
from autograder.student.submission.locating import read_bytes
from autograder.student.submission.notebook import parse_content


def print_notebook(path: Path, out: Path, *, author: str, results: Results | None, printer: Printer) -> str:
    """Writes the PDF and returns what has printed it. Raises UnreadableSubmission, PrintingError and OSError."""
    content = parse_content(read_bytes(path), [])
    html = page(content, title=title_of(content) or path.stem, author=author or path.name, results=results)
    return print_page(html, out, printer)
