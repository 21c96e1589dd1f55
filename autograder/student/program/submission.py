"""A submission, from its reading to its results: one object."""

from pathlib import Path

import msgspec

from autograder.student.program.model import Outline
from autograder.student.program.outlining import outline
from autograder.student.submission.notebook import Notebook


class Submission(msgspec.Struct, frozen=True):
    """A notebook, the outline of its code, and the files that came with it."""

    notebook: Notebook
    outline: Outline
    weights: tuple[Path, ...] = ()
    """Files with trained weights."""

    @classmethod
    def of(cls, notebook: Notebook) -> "Submission":
        """The submission with the outline of its code, which takes some hundredths of a second."""
        return cls(notebook, outline(notebook))
