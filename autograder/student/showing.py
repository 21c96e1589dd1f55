"""What commands write in addition to a report: the report as a page, and the notebook as a page with the verdicts in
it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from autograder.student.commands.console import fail, write_page
from autograder.student.invocation import given

if TYPE_CHECKING:
    from autograder.student.output.results import Results

Annotator = Callable[[Path, Path, "Results", str], str]


def pages_of(
    results: Results, notebook: Path, title: str, *, page: Path | None, annotated: Path | None, write: Annotator | None
) -> list[str]:
    """Writes the pages that are asked for; returns which ones could not be written, and why."""
    problems = [write(notebook, annotated, results, title)] if annotated is not None and write is not None else []
    problems += [write_page(results, page, title=title, name=notebook.name)] if page is not None else []
    return [*filter(None, problems)]


def annotator(context: typer.Context) -> Annotator:
    """A function that writes a notebook with its verdicts as a page, and returns why it could not, "" where it could.
    Ends the command where a package for it is missing."""
    try:
        from autograder.student.commands.annotate import annotate
        from autograder.student.commands.laid_out import LayoutError
        from autograder.student.submission.locating import UnreadableSubmission
    except ImportError as error:
        fail(f"--annotate needs the package {error.name}: {to_install(context, 'pdf', error.name)}")

    def write(notebook: Path, page: Path, results: Results, title: str) -> str:
        try:
            annotate(notebook, page, results, title)
        except OSError as error:
            return f"{page} cannot be written: {error.strerror or error}"
        except (LayoutError, UnreadableSubmission) as error:
            return f"{page} was not written: {error}"
        return ""

    return write


def to_install(context: typer.Context, extra: str, package: str | None) -> str:
    """The command to type, in the environment that this runs in."""
    from autograder.student.assignments import packages_for

    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{python} -m pip install {' '.join(packages_for(given(context).name, extra) or [package or ''])}"
