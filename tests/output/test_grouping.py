"""Results by item."""

from autograder.student.output.grouping import grouped
from tests.output.reports import mixed


def test_each_item_has_what_is_wrong_what_is_remarked_and_what_is_right():
    encoder, clip = grouped(mixed())
    assert (encoder.item, encoder.number, encoder.score, encoder.max_score) == ("encoder", "7.1.1", 0.5, 1.0)
    assert [[test.name for test in part] for part in (encoder.wrong, encoder.notes, encoder.right)] == [
        ["Wrong thing"],
        ["Remark"],
        ["Right thing"],
    ]
    assert (clip.score, clip.wrong) == (2.0, ())


def test_the_groups_sum_to_the_whole():
    results = mixed()
    assert sum(group.score for group in grouped(results)) == results.score
    assert sum(group.max_score for group in grouped(results)) == results.max_score
