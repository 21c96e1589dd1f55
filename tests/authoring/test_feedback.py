"""docs/feedback.md says what the code says."""

from autograder.assignment.files import PS7
from autograder.authoring.feedback import page
from autograder.grading.bank import Bank, slug_of


def test_the_page_is_made_from_the_code(rubric):
    bank = Bank.read(("public", "hidden"), PS7.banks)
    text = page(rubric, bank)
    assert (PS7.root / "docs" / "feedback.md").read_text(encoding="utf-8") == text, "run `ps7 build feedback`"
    assert all(f"`{slug_of(slug)}`" in text for slug in bank.misconceptions)
