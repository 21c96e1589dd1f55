"""What a notebook's code defines and what it does, decided from the syntax tree only: nothing of it is run here."""

from autograder.student.program.activations import applied
from autograder.student.program.definitions import Definitions
from autograder.student.program.digest import digest
from autograder.student.program.effects import STOPS
from autograder.student.program.loops import row_loops
from autograder.student.program.missing import too_new, why_missing
from autograder.student.program.model import BrokenCell, Mention, Outline, Program, Statement
from autograder.student.program.outlining import outline
from autograder.student.program.slicing import program_for
from autograder.student.program.submission import Submission

__all__ = [
    "STOPS",
    "BrokenCell",
    "Definitions",
    "Mention",
    "Outline",
    "Program",
    "Statement",
    "Submission",
    "applied",
    "digest",
    "outline",
    "program_for",
    "row_loops",
    "too_new",
    "why_missing",
]
