"""Misconceptions as data: each fits the reference, has two sentences, and can be told from all others."""

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import misconceptions
from autograder.staff.authoring.distinctions import distinctions
from autograder.staff.authoring.misconceptions import MisconceptionError
from autograder.student.grading.rubric import load
from tests.projects import project_with

RUBRIC = load(PS7)
BANK = PS7.bank()


def test_slugs_and_sentences():
    mistakes = misconceptions.every(PS7, RUBRIC)
    assert len({mistake.slug for mistake in mistakes}) == len(mistakes) >= 40
    for mistake in mistakes:
        assert mistake.slug == mistake.slug.lower()
        for text in (mistake.description.shows, mistake.description.look):
            assert text.strip().endswith((".", "?")), mistake.slug


def test_every_misconception_changes_something_and_no_two_read_alike():
    rows = list(distinctions(RUBRIC, BANK))
    assert {row.slug for row in rows} == set(BANK.misconceptions)
    assert [row.slug for row in rows if row.alike or not row.fields] == []


def test_two_that_reply_the_same_are_found():
    """Without clues, gradients that are zeroed before the step would look the same as no step at all."""
    checks = [msgspec.structs.replace(check, clues=()) for check in RUBRIC.item("train_classifier").checks]
    blind = msgspec.structs.replace(RUBRIC.item("train_classifier"), checks=tuple(checks))
    rows = {row.slug: row for row in distinctions(msgspec.structs.replace(RUBRIC, items=(blind,)), BANK)}
    assert rows["classifier-step-missing"].alike == ("classifier-zero-grad-after-backward",)


def test_a_change_that_does_not_fit_is_named(tmp_path):
    text = '[lost]\nshows = "a."\nlook = "b."\nedits = [{ old = "no such text", new = "" }]'
    project = project_with(tmp_path, {"reference/misconceptions/encoder.toml": text})
    changed = misconceptions.every(project, RUBRIC)
    lost = next(mistake for mistake in changed if mistake.slug == "lost")
    with pytest.raises(MisconceptionError, match="lost"):
        lost.make()


@pytest.mark.parametrize("text", ["[x]\nshows = 1", "[x]\nshow = 'a'", "not toml ="])
def test_a_file_that_is_no_table_of_misconceptions(tmp_path, text):
    project = project_with(tmp_path, {"reference/misconceptions/encoder.toml": text})
    with pytest.raises(MisconceptionError, match=r"encoder\.toml"):
        misconceptions.every(project, RUBRIC)
