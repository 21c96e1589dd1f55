"""Results by item."""

import msgspec

from autograder.student.output.grouping import brief, details, grouped
from autograder.student.output.results import DETAILS, LONGEST_OUTPUT, from_verdicts
from tests.output.reports import mixed, verdict


def test_each_item_has_what_is_wrong_what_is_remarked_and_what_is_right():
    encoder, clip = grouped(mixed())
    assert (encoder.item, encoder.number, encoder.score, encoder.max_score) == ("encoder", "7.1.1", 0.5, 1.0)
    assert [[test.name for test in part] for part in (encoder.wrong, encoder.notes, encoder.right)] == [
        ["Wrong thing"],
        ["Remark"],
        ["Right thing"],
    ]
    assert (encoder.title, clip.title) == ("Encoder", "CLIPModel and its loss")
    assert (clip.score, clip.wrong) == (2.0, ())


def test_the_groups_sum_to_the_whole():
    results = mixed()
    assert sum(group.score for group in grouped(results)) == results.score
    assert sum(group.max_score for group in grouped(results)) == results.max_score


def test_what_a_page_may_fold_is_told_apart_and_in_the_output_all_the_same():
    [test] = from_verdicts([verdict(message="The stride is 1.\n\nWrong: b.", details="Wrong: b.")]).tests
    assert (brief(test), details(test)) == ("The stride is 1.", "Wrong: b.")
    assert test.output == "The stride is 1.\n\nWrong: b."


def test_an_output_that_does_not_end_with_its_details_is_shown_whole():
    long = "x" * 2 * LONGEST_OUTPUT
    [cut] = from_verdicts([verdict(message=f"The stride is 1.\n\n{long}", details=long)]).tests
    odd = msgspec.structs.replace(cut, output="All.", extra_data={**cut.extra_data, DETAILS: 7})
    for test in (cut, odd):
        assert (brief(test), details(test)) == (test.output, "")
