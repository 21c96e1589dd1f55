"""Misconceptions as data: each fits the reference, has two sentences, and can be told from all others."""

from itertools import combinations

import pytest

from autograder import misconceptions
from autograder.bank import Bank, slug_of
from autograder.compare import same
from autograder.misconceptions import MisconceptionError
from autograder.rubric import load

RUBRIC = load()
BANK = Bank.read(("public", "hidden"))


def test_slugs_and_sentences():
    mistakes = misconceptions.every(RUBRIC)
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
        misconceptions.every(RUBRIC, tmp_path)


@pytest.mark.parametrize("text", ["[x]\nshows = 1", "[x]\nshow = 'a'", "not toml ="])
def test_a_file_that_is_no_table_of_misconceptions(tmp_path, text):
    (tmp_path / "encoder.toml").write_text(text)
    with pytest.raises(MisconceptionError, match=r"encoder\.toml"):
        misconceptions.every(RUBRIC, tmp_path)
