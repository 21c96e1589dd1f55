"""What `grade` writes besides the results: the report as a page, and the notebook as a page and as a PDF."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.student.showing import Annotator, pages_of

if TYPE_CHECKING:
    from autograder.student.output.results import Results


def show(
    submission: Path,
    results: Results,
    title: str,
    *,
    page: Path | None,
    annotated: Path | None,
    write: Annotator | None,
    pdf: Path | None,
    out: Path | None,
) -> list[str]:
    """Writes what is asked for; returns what could not be written, and why. The results in `out` tell the course staff
    where there is no PDF: on a platform nobody reads a command's output."""
    from autograder.student.output.results import UNREADABLE, ResultsFile, UnwritableResults, for_the_staff
    from autograder.student.submission.locating import UnreadableSubmission, find

    notebook = submission
    if UNREADABLE in results.extra_data:  # then there is nothing to show, and the results say so
        write = pdf = None
    elif write is not None or pdf is not None:
        try:
            notebook = find(submission).path
        except UnreadableSubmission as error:
            return [str(error)]
    problems = pages_of(results, notebook, title, page=page, annotated=annotated, write=write)
    unprinted = _print(notebook, pdf, results) if pdf is not None else ""
    if unprinted and out is not None:
        with contextlib.suppress(UnwritableResults):
            ResultsFile(out).write(for_the_staff(results, unprinted))
    return [*problems, *filter(None, [unprinted])]


def _print(notebook: Path, out: Path, results: Results) -> str:
    """Prints the graded notebook; returns why that was not possible, "" where it was."""
    try:
        from autograder.student.commands.laid_out import LayoutError
        from autograder.student.commands.pdf import print_notebook
        from autograder.student.output.printing import PrintingError
        from autograder.student.submission.locating import UnreadableSubmission
    except ImportError as error:
        return f"{out} was not written: it needs the package {error.name}"
    try:
        print_notebook(notebook, out, author="", results=results, graded=True)
    except (OSError, UnreadableSubmission, LayoutError, PrintingError) as error:
        return f"{out} was not written: {error}"
    return ""
