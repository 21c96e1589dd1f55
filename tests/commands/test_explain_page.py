"""The page about the grounds of an item's verdicts: first the differences, beside the student's code."""

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import misconceptions
from autograder.staff.commands import explain_page
from autograder.staff.commands.explanation import explain
from autograder.student.grading.examination import Clock, Limits
from autograder.student.program import Submission, program_for


def test_what_differs_comes_first_beside_the_code(sandbox, rubric):
    notebook = next(
        each.notebook for each in misconceptions.recorded(PS7, rubric) if each.slug == "head-not-normalised"
    )
    item = rubric.item("projection_head")
    submission = Submission.of(notebook)
    explained = list(explain(submission, item, rubric, PS7.bank(), sandbox, Clock(Limits())))
    assert explained[0].verdict.passed
    code = program_for(submission.outline, item.needs).statements
    page = explain_page.render(
        explained, code, item=item, name="<script>hw</script>.ipynb", changed=["7.2.1.2: 0 points now"]
    )
    assert page.index("7.2.1.2 Every row") < page.index("7.2.1.1 One linear layer")
    assert page.index('class="differs"') < page.index("the same</summary>")
    assert "head-not-normalised" in page
    assert "class ProjectionHead(nn.Module)" in page
    assert "7.2.1.2: 0 points now" in page
    assert "<script" not in page


def test_an_item_that_is_read_has_no_code(rubric):
    page = explain_page.render([], (), item=rubric.item("report_ae"), name="hw.ipynb", changed=[])
    assert "runs no code for it" in page
