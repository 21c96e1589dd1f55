"""Reads a submission within bounds."""

from pathlib import Path

import msgspec

from autograder.student.program import Outline, outline
from autograder.student.sandbox.bounded import Exhausted, bounded
from autograder.student.submission.finding import UnreadableSubmission, find_notebook
from autograder.student.submission.notebook import Notebook, read_notebook


class Submitted(msgspec.Struct, frozen=True):
    """A notebook and what its code consists of."""

    notebook: Notebook
    outline: Outline


def read_submission(submission: Path) -> Submitted:
    """The notebook, or the one that the folder holds. Raises UnreadableSubmission, and Failed where our own code
    fails."""
    try:
        read = bounded(_read, submission, answer=Submitted | str)
    except Exhausted as error:
        raise UnreadableSubmission(
            f"The notebook cannot be read: {error}. Clear all outputs, remove data pasted into cells, and save again."
        ) from None
    if isinstance(read, str):
        raise UnreadableSubmission(read)
    return read


def _read(submission: Path) -> Submitted | str:
    """Or why it cannot be read."""
    try:
        notebook = read_notebook(find_notebook(submission))
    except UnreadableSubmission as error:
        return str(error)
    return Submitted(notebook, outline(notebook))
