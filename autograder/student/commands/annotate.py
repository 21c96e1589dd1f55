"""Writes a notebook as a page with the verdicts in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.student.commands.laid_out import laid_out
from autograder.student.output.annotated import render
from autograder.student.output.placing import place_text
from autograder.student.output.results import Results


def annotate(notebook: Path, page: Path, results: Results, title: str) -> None:
    """Writes the page. Raises UnreadableSubmission, LayoutError and OSError."""
    place_text(page, laid_out(_page, notebook, results, title))


def _page(content: Mapping[str, Any], path: Path, results: Results, title: str) -> str:
    return render(content, results, title=title, name=path.name, folder=path.parent)
