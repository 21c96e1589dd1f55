"""Where two mistakes come together and no misconception fits, the sentences are still true, and still say something."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.commands.grade import Settings, check_notebook
from tests.notebooks import edited

HALF = "(loss_image_to_text + loss_text_to_image) / 2"


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (
            {" / self.temperature": "", HALF: "5 * loss_image_to_text"},
            "Yours is the same for `temperature=0.07` and for `temperature=2.5`.",
        ),
        (
            {HALF: "loss_image_to_text * 30"},
            "Yours is 30 times the result of this mistake: The loss has only one direction",
        ),
        (
            {HALF: "-loss_text_to_image"},
            "Yours is -1 times the result of this mistake: The loss has only one direction",
        ),
        (
            {HALF: "0.55 * loss_image_to_text + 0.45 * loss_text_to_image"},
            "When images and texts are exchanged, yours changes; it should stay the same.",
        ),
        (
            {"F.cross_entropy(logits_per_image, targets)": "F.cross_entropy(logits_per_image, targets.roll(1))"},
            "When the pairs come in another order, yours changes; it should stay the same.",
        ),
        ({HALF: HALF + " + 1"}, "In all 8 cases: every value is 1 too large."),
        ({HALF: HALF.replace("2", "3")}, "In all 8 cases: yours is the right result times 0.6667."),
    ],
)
def test_of_the_loss(edits, said, sandbox, rubric):
    solved = frames.submission(PS7, "solution", PS7.every_frame[0])
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), edited(solved, edits), ("clip_model",), sandbox)
    told = {test.extra_data["check"]: test for test in results.tests}
    assert said in told["loss"].output
    assert not any(test.extra_data["misconception"] for test in results.tests)


def test_of_a_gradient_alone(sandbox, rubric):
    solved = frames.submission(PS7, "solution", PS7.every_frame[0])
    line = "return F.normalize(self.projection(x), dim=-1)"
    edits = {line: "z = self.projection(x)\n        return z / z.norm(dim=-1, keepdim=True).detach()"}
    results = check_notebook(
        Settings(assignment=PS7, rubric=rubric), edited(solved, edits), ("projection_head",), sandbox
    )
    (wrong,) = (test for test in results.tests if test.status == "failed")
    assert wrong.extra_data["misconception"] is not None or "The values are right and only the gradient" in wrong.output


def test_of_losses_that_are_right_at_first(sandbox, rubric):
    solved = frames.submission(PS7, "solution", PS7.every_frame[0])
    edits = {"loss = criterion(model(x), x)": "loss = criterion(model(x), x) * (1 if epoch < 30 else 2)"}
    results = check_notebook(Settings(assignment=PS7, rubric=rubric), edited(solved, edits), ("train_ae",), sandbox)
    told = {test.extra_data["check"]: test.output for test in results.tests}
    assert "The first 30 values are right, and none after them." in told["epochs"]
