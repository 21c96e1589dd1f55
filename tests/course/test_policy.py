"""What a course decides: points, visibility, lateness."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.course.policy import Late, Policy, PolicyError, read_policy


def written(folder, text):
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_said_changes_nothing(rubric, tmp_path):
    assert read_policy(written(tmp_path, "")).laid_over(rubric) == rubric


def test_the_config_that_is_handed_out_only_asks_for_reproduction(rubric):
    assert read_policy(PS7.project / "gradescope" / "config.toml") == Policy(reproduce="composed")


def test_points_of_an_item_are_shared_among_its_checks_as_before(rubric):
    changed = Policy(points={"encoder": 2.5}).laid_over(rubric)
    before, after = rubric.item("encoder"), changed.item("encoder")
    assert after.points == 2.5
    assert [check.points / 2.5 for check in after.checks] == pytest.approx(
        [check.points / before.points for check in before.checks]
    )
    assert changed.item("decoder") == rubric.item("decoder")


def test_an_item_can_be_worth_nothing(rubric):
    assert {check.points for check in Policy(points={"encoder": 0.0}).laid_over(rubric).item("encoder").checks} == {0.0}


def test_visibility_follows_the_kind_of_the_check(rubric, tmp_path):
    changed = read_policy(written(tmp_path, '[visibility]\nhidden = "after_published"')).laid_over(rubric)
    for before, after in zip(rubric.items, changed.items, strict=True):
        for one, other in zip(before.checks, after.checks, strict=True):
            expected = "after_published" if one.visibility == "after_due_date" else one.visibility
            assert other.visibility == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[points]\nencodre = 1", "encodre"),
        ("[points]\nencoder = -1", "points.encoder is -1"),
        ("time_limit = nan", "time_limit"),
        ("time = 5", "time"),
        ('[visibility]\nhidden = "never"', "never"),
        ("[late", "config.toml"),
    ],
)
def test_what_cannot_be_meant_is_refused(rubric, tmp_path, text, said):
    with pytest.raises(PolicyError, match=said):
        read_policy(written(tmp_path, text)).laid_over(rubric)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(PolicyError, match=r"nothing\.toml"):
        read_policy(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("late", "seconds", "days", "percent"),
    [
        (Late(), 10 * 86_400, 10, 0),
        (Late(percent_per_day=10), 0, 0, 0),
        (Late(percent_per_day=10), 1, 1, 10),
        (Late(percent_per_day=10), 86_400, 1, 10),
        (Late(percent_per_day=10), 86_401, 2, 20),
        (Late(percent_per_day=10, grace_minutes=15), 900, 0, 0),
        (Late(percent_per_day=10, grace_minutes=15), 901, 1, 10),
        (Late(percent_per_day=40), 5 * 86_400, 5, 100),
        (Late(percent_per_day=40, most_percent=50), 5 * 86_400, 5, 50),
    ],
)
def test_days_that_have_begun_count(late, seconds, days, percent):
    assert (late.days(seconds), late.percent(seconds)) == (days, percent)
