"""The judge over a tiny rubric and bank made here: two checks, two cases, three misconceptions."""

import msgspec
import numpy as np
import pytest

from autograder.guest.outcomes import Ended, Frame, Missing, Raised, Reply, ReplyHeader
from autograder.student.grading import messages
from autograder.student.grading.bank import Bank, Description, Index, StoredCase, StoredOutcome
from autograder.student.grading.judge import Text, judge
from autograder.student.grading.rubric import Case, Check, Item, Rubric
from autograder.student.grading.sketch import sketched

ITEM = Item(
    name="sum",
    number="1.1",
    title="Sum",
    points=1,
    needs=("add",),
    probes="none",
    cases={"open": Case(probe="p", bank="public"), "secret": Case(probe="p", bank="hidden")},
    checks=(
        Check(name="shape", title="Shape", points=0.5, cases=("open",), fields=("shape",)),
        Check(name="value", title="Value", points=0.5, cases=("open", "secret"), fields=("value",), clues=("steps",)),
        Check(name="note", title="", cases=("open",), fields=("nested",), note="It is nested."),
    ),
)
RUBRIC = Rubric(
    title="",
    environment="",
    tolerance=1e-3,
    fields={name: f"the {name}" for name in ("shape", "value", "nested", "steps", "layers", "stood_in", "beside")},
    items=(ITEM,),
)


def recorded(shape, nested=False):
    return StoredOutcome(ReplyHeader(facts={"shape": shape, "nested": nested}), {})


def stored(shape, value, steps=1):
    return StoredOutcome(ReplyHeader(facts={"shape": shape, "nested": False, "steps": steps}), {"value": value})


BANK = Bank(
    [
        Index(
            cases={
                case: StoredCase(
                    reference=stored([2], "right"),
                    misconceptions={
                        "doubled": stored([2], "doubled"),
                        "flat": stored([1, 2], "right"),
                        "both": stored([1, 2], "doubled"),
                        "crash": StoredOutcome(Raised("ValueError", "bad")),
                        "still": stored([2], "zero", steps=0),
                        "cleared": stored([2], "zero", steps=9),
                    },
                )
                for case in ("sum.open", "sum.secret")
            },
            misconceptions={
                slug: Description("sum", f"{slug} shows.", "Look there.", apart=slug == "flat")
                for slug in ("doubled", "flat", "both", "crash", "still", "cleared")
            },
        )
    ],
    {"right": np.array([1.0, 2.0]), "doubled": np.array([2.0, 4.0]), "zero": np.array([0.0, 0.0])},
)


def answer(shape=(2,), value=(1.0, 2.0), nested=False, steps=1):
    return Reply(facts={"shape": list(shape), "nested": nested, "steps": steps}, arrays={"value": np.array(value)})


def judged(open_, secret=None):
    return judge(
        ITEM, {"open": open_, "secret": secret or open_}, BANK, RUBRIC, Text(lambda name: f"{name} is nowhere.")
    )


def test_equal_to_the_reference_passes_everything():
    assert all(finding.passed and not finding.message for finding in judged(answer()).values())


@pytest.mark.parametrize(
    ("reply", "failing", "slug"),
    [
        (answer(value=(2.0, 4.0)), {"value"}, "doubled"),
        (answer(shape=(1, 2)), {"shape"}, "flat"),
        (answer(shape=(1, 2), value=(2.0, 4.0)), {"shape", "value"}, "both"),
        (Raised("ValueError", "bad"), {"shape", "value"}, "crash"),
        (answer(value=(0.0, 0.0), steps=0), {"value"}, "still"),
        (answer(value=(0.0, 0.0), steps=9), {"value"}, "cleared"),
    ],
)
def test_equal_to_a_misconception_names_it(reply, failing, slug):
    findings = judged(reply)
    assert {name for name, finding in findings.items() if not finding.passed} == failing
    assert {findings[name].misconception for name in failing} == {slug}
    first = next(name for name in ("shape", "value") if name in failing)
    assert f"{slug} shows. Look there." in findings[first].message


PAIRS = Bank(
    [
        Index(
            cases={
                case: StoredCase(
                    reference=stored([2], "right"),
                    misconceptions={
                        "doubled+still": stored([2], "long"),
                        "doubled+flat@other": stored([1, 2], "tripled"),
                        "cleared+doubled": stored([1, 1], "tripled" if case == "sum.open" else "long"),
                        "flat+still": stored([1, 1], "tripled"),
                    },
                )
                for case in ("sum.open", "sum.secret")
            },
            misconceptions={
                slug: Description("sum", "", "")
                for slug in ("doubled+still", "doubled+flat@other", "cleared+doubled", "flat+still")
            },
        )
    ],
    {
        "right": np.array([1.0, 2.0]),
        "tripled": np.array([3.0, 6.0]),
        "long": sketched(Reply({}, {"value": np.arange(90.0)})).arrays["value"],
    },
)


@pytest.mark.parametrize(
    ("open_", "secret", "slug"),
    [
        (answer(value=np.arange(90.0)), None, "doubled+still"),
        (answer(shape=(1, 2), value=(3.0, 6.0)), None, "doubled+flat"),
        (answer(shape=(1, 1), value=(3.0, 6.0)), answer(shape=(1, 1), value=(3.0, 6.0)), "flat+still"),
        (answer(shape=(1, 1), value=(3.0, 6.0)), answer(shape=(1, 1), value=np.arange(90.0)), "cleared+doubled"),
        (answer(value=(3.0, 6.0)), None, None),
        (answer(value=np.arange(91.0)), None, None),
    ],
)
def test_two_mistakes_are_named_where_they_are_the_only_two(monkeypatch, open_, secret, slug):
    monkeypatch.setattr(BANK, "pairs", PAIRS)
    findings = judged(open_, secret)
    assert findings["value"].misconception == slug
    told = next(finding for finding in findings.values() if finding.misconception == slug)
    for part in slug.split("+") if slug else ():
        assert f"- {part} shows. Look there." in told.message


def test_clues_alone_fail_nothing():
    assert all(finding.passed for finding in judged(answer(steps=7)).values())


def test_where_not_even_the_clues_tell_there_is_no_name():
    assert judged(answer(value=(0.0, 0.0), steps=3))["value"].misconception is None


def test_the_same_is_said_once():
    findings = judged(Raised("KeyError", "other"))
    assert "KeyError: other" in findings["shape"].message
    assert findings["value"].message == "The same mistake as above, under “Shape”."


def test_beside_a_real_mistake_there_is_no_note():
    assert judged(answer(value=(1.0, 7.0), nested=True))["note"].passed


def test_equal_to_none_is_not_named_but_described():
    findings = judged(answer(value=(1.0, 7.0)))
    assert findings["value"].misconception is None
    assert "expected 2, got 7" in findings["value"].message
    assert findings["shape"].passed


@pytest.mark.parametrize(
    "outcome",
    [
        answer(value=(1.0, 7.0)),
        answer(shape=(1, 7), value=(7.0,)),
        Raised(
            "ValueError", "a rock", (Frame("code cell 7", 77, "seed", "raise ValueError(query)", {"rock": "(7,)"}),)
        ),
        Ended("the code ended the Python process (exit code 77)"),
    ],
)
def test_whatever_happens_in_a_hidden_case_a_visible_text_says_the_same(outcome):
    finding = judged(answer(), outcome)["value"]
    assert not finding.passed
    assert finding.message == messages.WRONG_ELSEWHERE


def test_two_misconceptions_that_fit_equally_give_no_name():
    ambiguous = judged(answer(value=(0.0, 0.0), steps=5))["value"]
    assert not ambiguous.passed
    assert ambiguous.misconception is None


def test_a_misconception_against_which_another_reply_speaks_is_no_candidate():
    """Both "flat" and "both" have this shape, but only "flat" leaves the value to another mistake."""
    findings = judged(answer(shape=(1, 2), value=(5.0, 5.0)))
    assert findings["shape"].misconception == "flat"
    assert findings["value"].misconception is None
    assert judged(answer(shape=(1, 2), value=(5.0, 5.0), steps=7))["shape"].misconception is None


def test_what_is_not_all_that_is_wrong_is_named_only_if_it_speaks_of_its_own_checks():
    """ "doubled" fits the value, and leaves the mistake in the shape open."""
    findings = judged(answer(shape=(3, 3), value=(2.0, 4.0)))
    assert findings["value"].misconception is None
    assert judged(answer(value=(2.0, 4.0)))["value"].misconception == "doubled"


def claiming(**claim):
    """A bank in which "doubled" says more than its own replies show."""
    index = Index(
        cases={
            case: StoredCase(reference=stored([2], "right"), misconceptions={"doubled": stored([2], "doubled")})
            for case in ("sum.open", "sum.secret")
        },
        misconceptions={"doubled": Description("sum", "The shape is right, the value is not.", "Look.", **claim)},
    )
    return Bank([index], {"right": np.array([1.0, 2.0]), "doubled": np.array([2.0, 4.0])})


@pytest.mark.parametrize(("shape", "said"), [((2,), "The shape is right, the value is not."), ((3, 3), "Doubled.")])
def test_what_is_said_beyond_the_replies_is_said_where_it_has_been_seen(shape, said):
    bank = claiming(apart=True, right=("shape",), otherwise="Doubled.")
    reply = answer(shape=shape, value=(2.0, 4.0))
    finding = judge(ITEM, {"open": reply, "secret": reply}, bank, RUBRIC, Text(str))["value"]
    assert finding.misconception == "doubled"
    assert finding.message.startswith(f"{said} Look.\n\n")


def test_a_note_costs_nothing_and_says_its_sentence():
    findings = judged(answer(nested=True))
    assert findings["note"].message == "It is nested."
    assert findings["shape"].passed
    assert findings["value"].passed


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Missing("add"), "add is nowhere."),
        (Missing("add", Raised("TypeError", "no")), "its definition failed"),
        (Raised("NameError", "name 'ae' is not defined"), "ae is nowhere."),
        (Ended("the code was still running after 5 s and was stopped"), "still running after 5 s"),
    ],
)
def test_no_reply_fails_with_its_reason(outcome, words):
    finding = judged(outcome)["shape"]
    assert not finding.passed
    assert words in finding.message


def test_a_check_that_presupposes_a_right_answer_earns_nothing_without_it():
    checks = (
        Check(name="value", title="Value", points=0.5, cases=("open",), fields=("value",)),
        Check(name="flat", title="Flat", points=0.5, cases=("open",), fields=("nested",), after="value"),
    )
    item = msgspec.structs.replace(ITEM, checks=checks)

    def passed(reply):
        findings = judge(item, {"open": reply}, BANK, RUBRIC, Text(str))
        return [finding.passed for finding in findings.values()], findings["flat"].message

    assert passed(answer()) == ([True, True], "")
    assert passed(answer(value=(3.0, 3.0))) == ([False, False], "This check counts only once “Value” is right.")


def test_what_is_wrong_where_a_blank_package_stood_in_is_left_open():
    lacking = Reply(facts={"shape": [2], "nested": False, "steps": 1, "stood_in": "torchmetrics"}, arrays={})
    right = Reply(facts={**answer().facts, "stood_in": "torchmetrics"}, arrays=answer().arrays)
    assert all(finding.passed for finding in judged(right).values())
    found = judged(lacking)
    assert "your code uses the package `torchmetrics`, which is not installed" in found["shape"].message
    assert not found["value"].passed
    assert found["value"].needs_review


def with_signs(open_, *signs):
    return judge(ITEM, {"open": open_, "secret": open_}, BANK, RUBRIC, Text(str, signs=lambda: signs))


def test_signs_are_told_once_where_no_name_explains_it():
    found = with_signs(answer(value=(1.0, 3.0)), "`clip` in code cell 1, line 2, is there.")
    assert "Worth a look:\n\n- `clip` in code cell 1, line 2, is there." in found["value"].message
    assert "Worth a look" not in with_signs(answer(value=(2.0, 4.0)), "`clip` is there.")["value"].message
    assert "Worth a look" not in with_signs(answer())["value"].message


def test_what_runs_beside_the_layers_is_told_where_these_are_right():
    layers = ["linear 2 -> 2"]
    beside = ["a division before layer 1, in code cell 1, line 2", "a norm after layer 1, in code cell 1, line 3"]
    both = (
        Reply(facts={"layers": layers, "beside": beside}, arrays={}),
        Reply(facts={"layers": layers, "beside": ["a norm after layer 1, in code cell 9, line 9"]}, arrays={}),
    )
    assert messages.beside(*both, "beside") == f" These also run:\n\n- {beside[0]}"
    assert messages.beside(both[1], both[1], "beside") == ""
    assert messages.beside(Reply({"beside": 3}, {}), both[1], "beside") == ""
