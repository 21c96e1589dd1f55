"""The engine is right for any array that a probe may return: a reply equals itself, also after rounding; a known
mistake is named; and every other array gets a sentence and causes no crash."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.guest.outcomes import Reply, plain
from autograder.guest.wire import REPLY
from autograder.staff.authoring.banks import _put_away
from autograder.student.grading.bank import Bank, Description, Index, StoredCase
from autograder.student.grading.compare import differences
from autograder.student.grading.judge import Text, judge
from autograder.student.grading.rubric import Case, Check, Item, Rubric
from autograder.student.grading.sketch import sketched

KINDS = (np.float64, np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_, np.complex64)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
ARRAYS = st.sampled_from(KINDS).flatmap(lambda kind: hnp.arrays(kind, SHAPES)).map(plain)
CASES = {name: Case(probe="ask", bank=name, arguments={"of": name}) for name in ("public", "hidden")}
CHECKS = tuple(
    Check(name=name, title=name, points=1, cases=(name,), fields=("value",), visibility=seen)
    for name, seen in (("public", "visible"), ("hidden", "after_due_date"))
)
ITEM = Item(
    name="thing",
    number="1",
    title="Thing",
    points=2,
    needs=("thing",),
    probes="p",
    todo="x",
    cases=CASES,
    checks=CHECKS,
)
RUBRIC = Rubric(title="t", tolerance=1e-3, fields={"value": "the value"}, items=(ITEM,))


def bank(right, mistakes):
    """The bank as it is written and read back."""
    arrays = {}
    case = StoredCase(
        _put_away(Reply({}, {"value": right}), arrays),
        {name: _put_away(Reply({}, {"value": wrong}), arrays) for name, wrong in mistakes.items()},
    )
    described = {name: Description("thing", f"It is {name}.", "Look.") for name in mistakes}
    return Bank([Index({f"thing.{name}": case for name in CASES}, described)], arrays)


def findings(got, right, mistakes):
    answers = {name: Reply({}, {"value": got}) for name in CASES}
    return judge(ITEM, answers, bank(right, mistakes), RUBRIC, Text(lambda name: "missing"))


def alike(one, other):
    return not differences(Reply({}, {"value": one}), Reply({}, {"value": other}), ["value"], 1e-3)


@given(ARRAYS)
def test_the_right_reply_has_full_marks(right):
    assert all(finding.passed for finding in findings(right, right, {}).values())
    assert right.ndim <= REPLY.axes


@given(ARRAYS, ARRAYS)
def test_a_known_mistake_is_named_whatever_it_replies(right, wrong):
    assume(not alike(wrong, right))
    for finding in findings(wrong, right, {"one": wrong}).values():
        assert (finding.passed, finding.misconception) == (False, "one")
        assert "It is one." in finding.message or "above" in finding.message


@given(ARRAYS, ARRAYS, ARRAYS)
def test_what_is_unknown_gets_a_sentence(right, wrong, other):
    assume(not alike(wrong, right) and not alike(wrong, other))
    for finding in findings(wrong, right, {"one": other}).values():
        assert not finding.passed
        assert finding.misconception is None
        assert finding.needs_review == ""
        assert "could not be checked" not in finding.message
        assert "Wrong: the value." in finding.message or "above" in finding.message


@given(ARRAYS, st.data())
def test_one_other_value_is_enough(right, data):
    """An infinite value, or NaN, hides no other difference."""
    assume(right.size)
    wrong = right.copy()
    place = data.draw(st.integers(0, right.size - 1))
    finite = right[np.isfinite(right)] if right.dtype.kind == "f" else right
    if right.dtype.kind == "i":
        assume(np.abs(right.astype(np.float64)).max() < 1e15)
        wrong.flat[place] += 1
    else:
        most = float(np.abs(finite.astype(np.float64)).max(initial=1.0))
        wrong.flat[place] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf, -2.1 * most - 1]))
        assume(not np.array_equal(wrong, right, equal_nan=True))
    assert not alike(wrong, right)
    assert not alike(right, wrong)


@given(ARRAYS)
def test_a_sketch_equals_itself(array):
    one, other = (sketched(Reply({}, {"value": array.copy()})).arrays["value"] for _ in range(2))
    assert alike(one, other)


@pytest.mark.parametrize(
    ("got", "right", "said"),
    [
        (np.array(3), np.array(4), "1 place differs from the reference."),
        (np.array([[1, 2], [3, 4]]), np.array([[2, 1], [3, 4]]), "2 places differ from the reference."),
        (np.array(2.0), np.array([2.0, 1.0]), "Expected (2), got a single number."),
        (
            np.array([np.inf, 1.0]),
            np.array([3.0, 1.0]),
            "1 value differs from the reference; the first: expected 3, got inf.",
        ),
        (
            np.array([3.0, 1.0]),
            np.array([np.inf, 1.0]),
            "1 value differs from the reference; the first: expected inf, got 3.",
        ),
        (np.array([np.nan, 1.0]), np.array([3.0, 1.0]), "1 value differs; some of yours are not numbers (NaN)."),
        (
            np.array([3.0, 1.0]),
            np.array([np.nan, 1.0]),
            "1 value differs from the reference; the first: expected nan, got 3.",
        ),
        (
            np.array([1e6, 5.0]),
            np.array([np.inf, 1.0]),
            "2 values differ from the reference; the first: expected inf, got 1e+06.",
        ),
    ],
)
def test_the_sentence_is_true(got, right, said):
    assert findings(got, right, {})["public"].message.startswith(f"Wrong: the value. {said}")


def test_a_complex_number_is_two():
    assert plain(np.array([1 + 2j])).tolist() == [[1.0, 2.0]]
    assert plain(np.float32(3)).shape == ()


def test_pairs_that_know_nothing_of_a_case_name_nothing(tmp_path):
    """The rubric may have got a new case since; without pairs there are no names for two mistakes, and nothing else
    changes."""

    class Outdated(Bank):
        pairs = Bank([Index()], {})

    told = bank(np.array([1.0, 2.0]), {"one": np.array([2.0, 2.0])})
    outdated = Outdated([Index(told._cases, told.misconceptions)], told._arrays)
    answers = {name: Reply({}, {"value": np.array([7.0, 2.0])}) for name in CASES}
    for known in (told, outdated):
        found = judge(ITEM, answers, known, RUBRIC, Text(lambda name: "missing"))
        assert [finding.passed for finding in found.values()] == [False, False]
        assert found["public"].message.startswith("Wrong: the value.")


def test_of_what_is_worth_nothing_a_mistake_is_still_wrong():
    import msgspec

    from autograder.staff.course.policy import Policy
    from autograder.student.grading.grade import price

    [free] = Policy(points={"thing": 0.0}).laid_over(RUBRIC).items
    verdicts = list(price(free, findings(np.array([2.0]), np.array([1.0]), {})))
    assert [(verdict.passed, verdict.score, verdict.max_score) for verdict in verdicts] == [(False, 0.0, 0.0)] * 2
    right = list(price(free, findings(np.array([1.0]), np.array([1.0]), {})))
    assert [verdict.passed for verdict in right] == [True, True]
    assert msgspec.structs.asdict(free)["points"] == 0
