"""Misconceptions as data: each fits the reference, has two sentences, and can be told from all others."""

from itertools import combinations

import msgspec
import pytest

from autograder.assignment.files import PS7
from autograder.authoring import misconceptions
from autograder.authoring.misconceptions import MisconceptionError
from autograder.grading.bank import Bank, slug_of
from autograder.grading.compare import same
from autograder.grading.rubric import load

RUBRIC = load(PS7.rubric)
BANK = Bank.read(("public", "hidden"), PS7.banks)


def test_slugs_and_sentences():
    mistakes = misconceptions.every(PS7, RUBRIC)
    assert len({mistake.slug for mistake in mistakes}) == len(mistakes) >= 40
    for mistake in mistakes:
        assert mistake.slug == mistake.slug.lower()
        for text in (mistake.description.shows, mistake.description.look):
            assert text.strip().endswith((".", "?")), mistake.slug


@pytest.mark.parametrize("item", [item for item in RUBRIC.items if item.probes], ids=lambda item: item.name)
def test_no_two_misconceptions_of_an_item_reply_the_same(item):
    checks = [check for check in item.checks if check.points]
    slugs = [slug for slug, each in BANK.misconceptions.items() if each.item == item.name]
    for one, other in combinations(slugs, 2):
        assert slug_of(one) == slug_of(other) or not all(
            same(
                BANK.mistaken(item.name, case)[one],
                BANK.mistaken(item.name, case)[other],
                (*check.fields, *check.clues),
                RUBRIC.tolerance,
            )
            for check in checks
            for case in check.cases
        ), f"{one} and {other}"


def test_a_change_that_does_not_fit_is_named(tmp_path):
    (tmp_path / "encoder.toml").write_text(
        '[lost]\nshows = "a."\nlook = "b."\nedits = [{ old = "no such text", new = "" }]'
    )
    with pytest.raises(MisconceptionError, match="lost"):
        misconceptions.every(msgspec.structs.replace(PS7, misconceptions=tmp_path), RUBRIC)


@pytest.mark.parametrize("text", ["[x]\nshows = 1", "[x]\nshow = 'a'", "not toml ="])
def test_a_file_that_is_no_table_of_misconceptions(tmp_path, text):
    (tmp_path / "encoder.toml").write_text(text)
    with pytest.raises(MisconceptionError, match=r"encoder\.toml"):
        misconceptions.every(msgspec.structs.replace(PS7, misconceptions=tmp_path), RUBRIC)
