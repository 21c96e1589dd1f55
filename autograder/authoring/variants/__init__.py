"""Right solutions composed at random: every component in one of many ways that mean the same. Each that loses marks is
a false alarm."""

from collections.abc import Callable, Mapping

from autograder.authoring import frames
from autograder.authoring.definitions import redefined
from autograder.authoring.variants.clip import clip_model, projection_head, retrieve_images
from autograder.authoring.variants.layers import decoder, encoder
from autograder.authoring.variants.style import Style
from autograder.authoring.variants.training import train_ae, train_classifier
from autograder.grading.assignment import Assignment
from autograder.grading.rubric import Rubric
from autograder.submission.notebook import Notebook

WRITTEN: Mapping[str, Callable[[Style], str]] = {
    each.__name__: each
    for each in (encoder, decoder, train_ae, train_classifier, projection_head, clip_model, retrieve_images)
}


def composed(assignment: Assignment, rubric: Rubric, seed: int) -> Notebook:
    """The solved notebook with every component written in a way that `seed` chooses. Raises FrameError."""
    style = Style(seed)
    frame = style.one_of(*assignment.every_frame)
    notebook = frames.generate(assignment, "solution", frame)  # type: ignore[arg-type]
    for item in rubric.items:
        for cell in notebook.cells:
            if item.name in WRITTEN and frames.belongs(cell, item.name):
                cell.source = redefined(cell.source, item.needs[0], WRITTEN[item.name](style))
    return frames.as_submission(notebook)
