"""The staff's decision on a submission counts, and the results say so."""

import pytest

from autograder.staff.course.adjustments import ADJUSTED, Adjustment, AdjustmentError, read_adjustments, with_adjustment
from tests.classes.classes import RUBRIC, results

ENCODER = RUBRIC.item("encoder")
WRONG = results([("encoder", None)])


def decided(**more):
    told = {"student": "ada", "item": "encoder", "points": ENCODER.points, "reason": "It is right.", "by": "J. B."}
    return Adjustment(**told | more)


def points(found):
    return sum(test.score for test in found.tests if test.extra_data["item"] == "encoder")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.55, 1.0])
@pytest.mark.parametrize("before", [WRONG, results()])
def test_an_item_has_the_points_that_it_is_given(share, before):
    after = with_adjustment(before, decided(points=round(share * ENCODER.points, 6)))
    assert points(after) == pytest.approx(share * ENCODER.points)
    assert after.score == pytest.approx(before.score - points(before) + points(after))
    [told] = after.extra_data[ADJUSTED]
    assert told["before"] == pytest.approx(points(before))
    assert sum("Decided by the course staff (J. B.): It is right." in test.output for test in after.tests) == 1


def test_a_check_alone():
    first = next(test for test in WRONG.tests if test.extra_data["item"] == "encoder")
    for name in (first.number, first.extra_data["check"]):
        after = with_adjustment(WRONG, decided(check=name, points=first.max_score))
        assert after.score == pytest.approx(WRONG.score + first.max_score)
        assert after.tests[WRONG.tests.index(first)].status == "passed"
        assert "Wrong." in after.tests[WRONG.tests.index(first)].output


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"item": "encodr"}, "'encodr' is no check of the rubric"),
        ({"item": "encoder", "check": "7.9.9.9"}, "'7.9.9.9' is no check of the rubric"),
        ({"points": 99.0}, "has 1 points at most, not 99"),
    ],
)
def test_what_cannot_be_meant(change, says):
    with pytest.raises(AdjustmentError, match=says):
        with_adjustment(WRONG, decided(**change))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[[adjustment]]\nstudent = 'a'\nitem = 'encoder'\npoints = 1\nreason = ' '\nby = 'x'",
            "does not say for whom, why",
        ),
        ("[[adjustment]]\nstudent = 'a'\npoints = 1\nreason = 'r'\nby = 'x'", "neither an item nor a check"),
        ("[[adjustment]]\nstudent = 'a'\nitem = 'encoder'\npoints = nan\nreason = 'r'\nby = 'x'", "gives nan points"),
        ("[[adjustment]]\nstudent = 'a'\nitem = 'encoder'\npoint = 1", "point"),
        ("[[adjustment", "adjustments.toml"),
    ],
)
def test_a_file_that_says_too_little(tmp_path, text, says):
    (tmp_path / "adjustments.toml").write_text(text)
    with pytest.raises(AdjustmentError, match=says):
        read_adjustments(tmp_path / "adjustments.toml")
