"""What a notebook's code defines and what it does, decided from the syntax tree alone: nothing of it is run here."""

from autograder.program.activations import applied
from autograder.program.definitions import Definitions
from autograder.program.digest import digest
from autograder.program.effects import STOPS
from autograder.program.loops import row_loops
from autograder.program.missing import too_new, why_missing
from autograder.program.model import BrokenCell, Mention, Outline, Program, Statement
from autograder.program.outlining import outline
from autograder.program.slicing import program_for

__all__ = [
    "STOPS",
    "BrokenCell",
    "Definitions",
    "Mention",
    "Outline",
    "Program",
    "Statement",
    "applied",
    "digest",
    "outline",
    "program_for",
    "row_loops",
    "too_new",
    "why_missing",
]
