"""Mutants of the solved notebook: each is another program, and grading sees those that compute something else."""

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring.mutants import first_order, pairs
from autograder.staff.authoring.mutations import OPERATORS, applied, changes
from autograder.staff.commands.mutation import equivalents, grade_mutants, interval, look_at
from autograder.student.grading.rubric import load
from autograder.student.sandbox.remembering import Remembering
from tests.tiers import drawn

LOOP = """
def f(x, y=0.5):
    x = x.mean()
    total = 0
    for each in x:
        total += g(each, k=3) * 2
        print(each)
    if y < 1:
        total = -total.sum(dim=1)
    return total.T, x
"""


def texts(source):
    tree = ast.parse(source)
    return [(change.operator, ast.unparse(applied(tree, change))) for change in changes(tree)]


def test_every_operator_makes_something_of_a_loop():
    made = texts(LOOP)
    assert {name for name, _ in made} == {*OPERATORS, "statements exchanged"}
    assert all("print(each)" in text for _, text in made if "for each" in text)
    for expected in (
        "g(each, k=4)",
        "g(each) * 2",
        "g(each, k=3) / 2",
        "if not y < 1:",
        "if y >= 1:",
        "return (x, total.T)",
        "return (total, x)",
        "total = total.sum(dim=1)",
        "total = -total\n",
        "y=1.0",
    ):
        assert any(expected in text for _, text in made), expected


def test_the_tree_stays_as_it_was():
    tree = ast.parse(LOOP)
    before = ast.unparse(tree)
    for change in changes(tree):
        compile(applied(tree, change), "mutant", "exec")
    assert ast.unparse(tree) == before


def test_all_mutants_of_an_item_are_different_programs(rubric):
    item = rubric.item("projection_head")
    mutants = list(first_order(PS7, item, PS7.template))
    assert len(mutants) > 15
    sources = ["\n".join(cell.source for cell in mutant.notebook.cells) for mutant in mutants]
    assert len({*sources}) == len(sources)


def test_the_same_seed_gives_the_same_pairs(rubric):
    one, other = ([mutant.change for mutant in pairs(PS7, rubric.items[:2], PS7.template, 8, seed=3)] for _ in range(2))
    assert one == other != [mutant.change for mutant in pairs(PS7, rubric.items[:2], PS7.template, 8, seed=4)]


@given(st.integers(1, 500), st.randoms())
def test_an_interval_holds_the_share_that_was_seen(count, chance):
    successes = chance.randint(0, count)
    low, high = interval(successes, count)
    assert 0 <= low <= successes / count + 1e-9
    assert successes / count - 1e-9 <= high <= 1
    assert interval(successes * 2, count * 2)[1] - interval(successes * 2, count * 2)[0] <= high - low


def test_the_interval_of_wilsons_formula():
    assert interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)


def test_a_sample_of_mutants_is_caught(rubric, bank, plain):
    probed = [item for item in rubric.items if item.probes]
    single = random.Random(0).sample([each for item in probed for each in first_order(PS7, item, PS7.template)], 25)
    for mutant in [*single, *pairs(PS7, probed, PS7.template, 5)]:
        other = drawn(mutant.change, [item.name for item in probed if item.name != mutant.item])
        [seen] = look_at([mutant], PS7, rubric.only([mutant.item, other]), PS7.template, bank, plain)
        assert not seen.is_missed, seen
        assert not seen.elsewhere, seen


@pytest.mark.slow
@pytest.mark.parametrize("name", [item.name for item in load(PS7).items if item.probes])
def test_every_mutant_is_caught_or_known_to_be_none_in_every_frame(name, rubric, bank, sandbox):
    item, remembering = rubric.item(name), Remembering(sandbox)
    unneeded = {change for each, change in equivalents(PS7) if each == name}
    for frame in PS7.every_frame:
        mutants = [*first_order(PS7, item, frame), *(pairs(PS7, [item], frame, 40) if frame == PS7.template else ())]
        seen = list(look_at(mutants, PS7, rubric, frame, bank, remembering))
        assert len(seen) > 15
        assert [each for each in seen if each.is_missed or each.elsewhere] == []
        unneeded -= {each.change for each in seen if each.equivalent and not each.caught}
    assert unneeded == set()


@pytest.mark.slow
def test_all_of_an_item_then_pairs_of_it(rubric):
    seen = list(grade_mutants(PS7, rubric.only(["projection_head"]), 3))
    assert [len(each.operators) for each in seen[-3:]] == [2, 2, 2]
    assert {len(each.operators) for each in seen[:-3]} == {1}
    assert not any(each.is_missed or each.elsewhere for each in seen)
