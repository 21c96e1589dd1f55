"""Uses the notebook's text to contradict an answer that its own code has given about itself."""

import numpy as np

from autograder.guest.outcomes import Outcome, Reply
from autograder.student.program import Definitions, Submission, applied, row_loops
from autograder.student.program.loops import FEW, ROWS

SMALLEST_NORM = 1e-12
"""The least number by which torch's `normalize` divides."""
DIRECTIONS = 800
"""About how many values of the directions are compared."""


def loops_of_forward(outcome: Outcome, submission: Submission) -> Outcome:
    """`loops` is also true where `CLIPModel.forward`, or a function that it calls, loops over the pairs."""
    definitions = Definitions(submission.outline)
    places: list[str] = []
    for name in ("forward", "__call__"):
        if (method := definitions.of_class("CLIPModel", name)) is not None:
            places += row_loops(definitions, method, {"batch_size": ROWS, **dict.fromkeys(method.parameters, FEW)})
    return _with(outcome, places)


def loops_of_retrieval(outcome: Outcome, submission: Submission) -> Outcome:
    """`loops` is also true where `retrieve_images`, or a function that it calls, loops over the images."""
    definitions = Definitions(submission.outline)
    function = definitions.function("retrieve_images")
    if function is None:
        return outcome
    rows = [name for name in function.parameters if name != "model"][:3:2]
    return _with(outcome, row_loops(definitions, function, dict.fromkeys(rows, ROWS)))


def end_of_decoder(outcome: Outcome, submission: Submission) -> Outcome:
    """`after_sigmoid` by the text, where the decoder's code claims that nothing follows."""
    if not isinstance(outcome, Reply) or outcome.facts.get("after_sigmoid"):
        return outcome
    activations = applied(Definitions(submission.outline), "Decoder")
    if "sigmoid" not in activations:
        return outcome
    after = activations[len(activations) - activations[::-1].index("sigmoid") :]
    # A clamp that changes a value shows in the values, and a clamp that changes none is right.
    after = [activation for activation in after if activation != "clamp"]
    return Reply(facts={**outcome.facts, "after_sigmoid": ", then ".join(after)}, arrays=outcome.arrays)


def rows_of_head(outcome: Outcome, submission: Submission) -> Outcome:
    """`norms` of the output's rows in both modes, and a sample of their `direction`: rows divided by their norm, so
    that a head without normalisation has it right. Computed here, because then a guest cannot claim two things about
    one output."""
    if not isinstance(outcome, Reply) or "output" not in outcome.arrays:
        return outcome
    arrays = {name: array for name, array in outcome.arrays.items() if name != "output"}
    output = np.atleast_1d(outcome.arrays["output"]).astype(np.float64)
    norms = np.linalg.norm(output, axis=-1)
    direction = (output / np.maximum(norms, SMALLEST_NORM)[..., None]).reshape(-1)
    step = max(1, direction.size // DIRECTIONS) | 1
    return Reply(facts=outcome.facts, arrays={**arrays, "norms": norms, "direction": direction[::step]})


def _with(outcome: Outcome, places: list[str]) -> Outcome:
    if not places or not isinstance(outcome, Reply):
        return outcome
    return Reply(facts={**outcome.facts, "loops": True}, arrays=outcome.arrays)
