"""Reads a submission within limits of time and memory."""

from pathlib import Path

import msgspec

from autograder.student.program import Submission
from autograder.student.sandbox.bounded import Exhausted, bounded
from autograder.student.submission.files import shown_name
from autograder.student.submission.locating import (
    MAKES,
    UnreadableSubmission,
    copied_by,
    find,
    find_weights,
    read_bytes,
)
from autograder.student.submission.notebook import parse_notebook


def read_submission(place: Path, *, weights: bool = False) -> Submission:
    """The notebook, or the one that the folder holds, and the files of weights beside it where they are asked for.
    Raises UnreadableSubmission, and Failed where our own code fails."""
    try:
        read = bounded(_read, place, answer=Submission | str)
    except Exhausted as error:
        raise UnreadableSubmission(
            f"The notebook cannot be read: {error}. Clear all outputs, remove data pasted into cells, and save again."
        ) from None
    if isinstance(read, str):
        raise UnreadableSubmission(read)
    return msgspec.structs.replace(read, weights=find_weights(place)) if weights else read


def _read(place: Path) -> Submission | str:
    """The submission, or why it cannot be read."""
    try:
        found = find(place)
        data = read_bytes(found.path)
        notebook = parse_notebook(data)
    except UnreadableSubmission as error:
        return str(error)
    how = copied_by(found.path, data)
    copy = (f"{shown_name(found.path.name)} is a copy made by {MAKES[how]}.",) if how and not found.notes else ()
    return Submission.of(msgspec.structs.replace(notebook, notes=(*found.notes, *copy, *notebook.notes)))
