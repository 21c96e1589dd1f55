"""Right solutions composed at random: every component is written in one of many ways that mean the same. A solution
that loses marks is a false alarm."""

from autograder.staff.authoring import frames
from autograder.staff.authoring.definitions import redefined
from autograder.staff.authoring.style import Style
from autograder.student.assignment import Assignment, Unavailable
from autograder.student.grading.rubric import Rubric
from autograder.student.submission.notebook import Notebook


def composed(assignment: Assignment, rubric: Rubric, seed: int) -> Notebook:
    """The solved notebook with every component written in a way that `seed` chooses. Raises FrameError, and Unavailable
    where the assignment has only one way."""
    if not assignment.variants:
        raise Unavailable(f"{assignment.name} names no ways to write its components (`variants`)")
    written = assignment.part(assignment.variants)
    style = Style(seed)
    frame = style.one_of(*assignment.every_frame)
    notebook = frames.generate(assignment, "solution", frame)  # type: ignore[arg-type]
    for item in rubric.items:
        for cell in notebook.cells:
            if item.name in written and frames.belongs(cell, item.name):
                cell.source = redefined(cell.source, item.needs[0], written[item.name](style))
    return frames.as_submission(notebook)
