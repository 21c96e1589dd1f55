"""docs/feedback.md says what the code says."""

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring.feedback import page
from autograder.student.grading.bank import slug_of


def test_the_page_is_made_from_the_code(rubric):
    bank = PS7.bank()
    text = page(rubric, bank, PS7.name)
    assert (PS7.project / "docs" / "feedback.md").read_text(encoding="utf-8") == text, "run `ps7 build feedback`"
    assert all(f"`{slug_of(slug)}`" in text for slug in bank.misconceptions)
