"""Sentences for the student: their content, and that the student's text stays between its quotation marks."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.guest.outcomes import Ended, Frame, Missing, Raised, Reply
from autograder.student.grading import messages
from autograder.student.grading.compare import Difference


def different(*found, hidden=False):
    return "\n\n".join(messages.different(found, {"field": "the field"}, hidden=hidden))


@given(st.text(st.characters(exclude_categories=())))
def test_a_quotation_stays_on_one_line_between_two_backticks(text):
    quoted = messages.quote(text)
    assert "\n" not in quoted
    assert quoted.count("`") in {0, 2}
    assert len(quoted) <= messages.LONGEST_QUOTE + 10


TEXT = st.text(st.sampled_from("ab1_ .`\n<>*[]()|#$&'\\")) | st.just("<script>`")
RAISED = st.builds(
    Raised,
    kind=TEXT | st.sampled_from(["NameError", "Unusable"]),
    text=TEXT | st.just("name 'x' is not defined"),
    frames=st.lists(
        st.builds(Frame, TEXT, st.integers(0, 2**63), TEXT, TEXT, st.dictionaries(TEXT, TEXT)), max_size=9
    ).map(tuple),
)
MARKUP = re.compile(r"[<>*\[\]|#$&\\`]")


@given(RAISED | st.builds(Missing, st.just("Encoder"), st.none() | RAISED))
def test_nothing_of_a_guests_text_is_markup(outcome):
    text = messages.no_reply(outcome, lambda name: name)
    assert not MARKUP.search(re.sub(r"`[^`\n]*`|->", "", text))
    assert len(text) < 3_000


FACT = st.recursive(TEXT | st.integers() | st.floats() | st.booleans() | st.none(), st.lists)


@given(FACT, FACT, st.booleans())
def test_nothing_of_a_guests_facts_is_markup(expected, got, hidden):
    text = different(Difference("field", expected, got), hidden=hidden)
    assert not MARKUP.search(re.sub(r"`[^`\n]*`", "", text))
    assert len(text) < 1_500


def test_an_address_in_memory_does_not_change_the_message():
    assert messages.quote("<A at 0x7f12ab34cd56>") == messages.quote("<A at 0x7f99999999ff>")


def test_an_exception_shows_its_places_and_shapes():
    text = messages.exception(
        Raised(
            "RuntimeError",
            "mat1 and mat2 shapes cannot be multiplied",
            (
                Frame("code cell 7", 4, "forward", "x = self.layers(x)"),
                Frame("code cell 7", 9, "helper", "return a @ b", {"a": "(2, 3)"}),
            ),
        )
    )
    assert "`RuntimeError: mat1 and mat2 shapes cannot be multiplied`" in text
    assert "code cell 7, line 4 in `forward`: `x = self.layers(x)`" in text
    assert "`a` `(2, 3)`" in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Missing("Encoder"), "nowhere: Encoder"),
        (Missing("Encoder", Raised("TypeError", "bad")), "its definition failed"),
        (Raised("NameError", "name 'helper' is not defined"), "nowhere: helper"),
        (Raised("ValueError", "bad"), "`ValueError: bad`"),
        (Raised("StopIteration", ""), "`StopIteration`"),
        (Ended("the Python process crashed (SIGSEGV)"), "No answer: the Python process crashed (SIGSEGV)."),
    ],
)
def test_why_there_was_no_answer(outcome, words):
    assert words in messages.no_reply(outcome, lambda name: f"nowhere: {name}")


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (Difference("field", [2, 24, 4, 4], [2, 24, 2, 2]), "Expected (2, 24, 4, 4), got (2, 24, 2, 2)."),
        (Difference("field", True, False), "Expected yes, got no."),
        (Difference("field", False, "nothing"), "Expected no, got `nothing`."),
        (Difference("field", "names", "indices"), "Expected `names`, got `indices`."),
        (
            Difference("field", 1.5, 3.0, distance=1.5, places=1),
            "1 value differs from the reference, by up to 1.5; the first: expected 1.5, got 3.",
        ),
        (Difference("field", 1.5, float("nan"), places=3), "3 values differ; some of yours are not numbers (NaN)."),
        (Difference("field", 3, 7, distance=9.0, places=4), "4 places differ from the reference."),
        (Difference("field", [[3, 4], [4]], [[4]]), "Missing: `(3, 4)`."),
        (Difference("field", [[3, 4], [4]], [[3, 4]]), "Missing: `(4)`; those are biases."),
        (Difference("field", [[3, 4], [4]], [[4], [4]]), "Missing: `(3, 4)`; not expected: `(4)`."),
        (Difference("field", [[3, 4], [4]], [[4], [3, 4]]), "They come in another order."),
        (Difference("field", [8], [4], is_shape=True), "Expected 8 values, got 4."),
    ],
)
def test_a_difference_in_words(difference, words):
    assert different(difference) == f"Wrong: the field. {words}"


@pytest.mark.parametrize(
    "difference",
    [Difference("field", "red", "blue"), Difference("field", 1.25, 7.5, distance=6.25, places=2)],
)
def test_a_hidden_case_shows_no_value(difference):
    text = different(difference, hidden=True)
    assert not re.search(r"red|blue|1\.25|7\.5", text)


def test_a_missing_layer_leaves_the_rest_level():
    names = ["conv 3 -> 12", "relu", "conv 12 -> 24", "relu", "conv 24 -> 48"]
    expected = Reply(facts={"layers": names}, arrays={})
    got = Reply(facts={"layers": [names[0], *names[2:]]}, arrays={})
    assert messages.layers(got, expected).splitlines()[2:] == [
        "| 2 | relu | - **(missing)** |",
        "",
        "The other 4 layers are as expected.",
    ]


def test_layers_side_by_side():
    expected = Reply(facts={"layers": ["conv 3 -> 12, kernel 4", "conv 12 -> 24, then ReLU"]}, arrays={})
    got = Reply(facts={"layers": ["conv 3 -> 12, kernel 4", "conv 12 -> 24", "dropout"]}, arrays={})
    text = messages.layers(got, expected)
    assert "| 1 |" not in text
    assert "| 2 | conv 12 -> 24, then ReLU | conv 12 -> 24 **(differs)** |" in text
    assert "| 3 | - | dropout **(not expected)** |" in text
    assert text.endswith("\n\nThe other layer is as expected.")


def test_layers_that_are_the_same_or_not_known_are_not_shown():
    known = Reply(facts={"layers": ["linear"]}, arrays={})
    assert messages.layers(known, known) == ""
    assert messages.layers(Reply(facts={}, arrays={}), known) == ""
    assert messages.layers(Missing("Encoder"), known) == ""


def test_layers_that_a_guest_made_up_do_no_harm():
    got = Reply(facts={"layers": ["<b>|`x`|</b>", 7]}, arrays={})
    expected = Reply(facts={"layers": ["linear"]}, arrays={})
    text = messages.layers(got, expected)
    assert "<b>" not in text
    assert "`x`" not in text


def test_a_misconception_adds_what_it_means_and_where_to_look():
    from autograder.student.grading.bank import Description

    one, other = Description("item", "Means.", "Look."), Description("item", "Says.", "")
    assert messages.with_misconceptions("Seen.", [one]) == "Means. Look.\n\nSeen."
    assert messages.with_misconceptions("Seen.", [one, other]).endswith(
        "exactly this result:\n\n- Means. Look.\n- Says.\n\nSeen."
    )
