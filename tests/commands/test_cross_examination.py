"""A name that was given on a symptom is found by looking at the symptom in other cases."""

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import banks, corpus, frames, misconceptions, recording
from autograder.staff.commands.cross_examination import Claim, Court, Suspect, cross_examine, print_claims
from autograder.student.grading.rubric import load
from autograder.student.output.screen import screen

RUBRIC = load(PS7)


@pytest.fixture(scope="module")
def short_sighted(plain):
    """The rubric as it once was, in which a step after four minibatches cannot be told from no step."""
    item = RUBRIC.item("train_ae")
    public = msgspec.structs.replace(item.cases["public"], arguments={**item.cases["public"].arguments, "epochs": 1})
    checks = tuple(
        msgspec.structs.replace(check, cases=("public",))
        for check in item.checks
        if check.name in ("returns", "update")
    )
    item = msgspec.structs.replace(item, cases={"public": public}, checks=checks)
    rubric = msgspec.structs.replace(RUBRIC, items=(item,))
    known = [
        each for each in misconceptions.every(PS7, rubric) if each.slug in ("train-ae-step-missing", "train-ae-sgd")
    ]
    recorded = recording.record(rubric, frames.submission(PS7, "solution"), known, plain)
    return Court(PS7, rubric, banks.in_memory(banks.divided(recorded, rubric)), plain)


def of_train_ae(name, make):
    return Suspect("corpus", name, "train_ae", frozenset(), make)


def test_a_name_given_on_a_symptom_is_not_borne_out(short_sighted):
    cases = corpus.cases(PS7.corpus / "wrong", PS7, RUBRIC)
    accumulating = next(case for case in cases if case.name == "i-ae-accumulates-over-four")
    (claim,) = short_sighted.claims(of_train_ae("adds up", accumulating.make))
    assert claim.slug == "train-ae-step-missing"
    assert claim.parts == "returns, public"


def test_a_name_that_is_true_is_borne_out(short_sighted):
    missing = next(each for each in misconceptions.every(PS7, RUBRIC) if each.slug == "train-ae-step-missing")
    (claim,) = short_sighted.claims(of_train_ae("no step", missing.make))
    assert (claim.slug, claim.parts) == ("train-ae-step-missing", "")


def test_of_some_of_each_kind_every_name_is_borne_out():
    seen = list(cross_examine(PS7, RUBRIC, step=97))
    assert {suspect.kind for suspect, _ in seen} == {"corpus", "mutants", "pairs"}
    assert [claim for _, claims in seen for claim in claims if claim.parts] == []


@pytest.mark.slow
def test_every_name_is_borne_out():
    seen = list(cross_examine(PS7, RUBRIC))
    assert [claim for _, claims in seen for claim in claims if claim.parts] == []


def test_the_table_has_what_is_not_borne_out_and_counts_the_rest(capsys):
    suspects = [of_train_ae(name, lambda: None) for name in ("one", "two")]
    claims = [
        Claim("corpus", name, "train_ae", f"slug-{name}", parts) for name, parts in (("one", ""), ("two", "here"))
    ]
    print_claims([(suspect, [claim]) for suspect, claim in zip(suspects, claims, strict=True)], screen())
    printed = capsys.readouterr().out
    assert "slug-two" in printed
    assert "slug-one" not in printed
    assert "corpus: 2 graded, 2 names that they were not made for, 1 not borne out" in printed
