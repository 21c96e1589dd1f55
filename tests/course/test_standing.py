"""Lateness and the last submission, in the results."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from autograder.staff.course.metadata import Dates, Metadata, Previous
from autograder.staff.course.policy import Feedback, Late
from autograder.staff.course.standing import with_standing
from autograder.student.output.results import Results, Test

DUE = datetime(2026, 11, 23, tzinfo=UTC)


def results(*scores, visibility="visible"):
    tests = [Test(number="1", name="n", score=s, max_score=2.0, status="passed", output="") for s in scores]
    unseen = Test(number="2", name="n", score=1, max_score=1, status="passed", output="", visibility="after_due_date")
    tests = [msgspec.structs.replace(test, visibility=visibility) for test in tests]
    return Results(score=sum(scores) + 1, tests=(*tests, unseen), output="How your notebook was read: well.")


def told(days=0.0, *before):
    previous = tuple(Previous(submission_time=DUE, results={"tests": [{"score": score}]}) for score in before)
    return Metadata(
        created_at=DUE + timedelta(days=days), assignment=Dates(due_date=DUE), previous_submissions=previous
    )


def test_nothing_known_changes_nothing():
    assert with_standing(results(1.5), None, Late(percent_per_day=10)) == results(1.5)
    assert with_standing(results(1.5), told(3), Late()) == results(1.5)


def test_what_is_taken_off():
    late = with_standing(results(1.5, 1.5), told(1.5), Late(percent_per_day=10))
    assert late.score == pytest.approx(3.2)
    assert late.extra_data["score_before_late_policy"] == 4
    assert late.output.startswith("Handed in 2 days after the due date: 20 % of the points are taken off.\n\nHow")
    assert [test.score for test in late.tests] == [1.5, 1.5, 1]


@pytest.mark.parametrize(
    ("last", "words"),
    [(1.5, "up 1.5 since"), (3.5, "down 0.5 since"), (3, "the same as in")],
)
def test_against_the_last_submission_in_what_students_see(last, words):
    said = with_standing(results(1.5, 1.5), told(0, last), Late()).output
    assert f"The checks that you see: 3 of 4 points, {words} your last submission." in said


def test_where_nothing_is_seen_nothing_is_given_away():
    unseen = results(2, 2, visibility="hidden")
    assert with_standing(unseen, told(0, 0), Late()) == unseen


def test_where_nothing_could_be_read_the_staff_are_told_and_nobody_else():
    doubtful = with_standing(results(1.5), None, Late(percent_per_day=10), "Whether it is late is not known: [x]")
    assert doubtful.score == results(1.5).score
    assert doubtful.tests[-1].visibility == "hidden"
    assert "not known" in doubtful.tests[-1].output
    assert [each["reason"] for each in doubtful.extra_data["needs_review"]] == ["Whether it is late is not known: [x]"]


def reports(details_per_day, before_today, **extra):
    wrong = Test(
        number="1", name="n", score=0, max_score=2, status="failed", output="The stride is 1.", extra_data=extra
    )
    unseen = msgspec.structs.replace(wrong, visibility="after_due_date")
    times = [DUE + timedelta(hours=number) for number in range(before_today)]
    told = Metadata(
        created_at=DUE + timedelta(hours=20),
        previous_submissions=[{"submission_time": time.isoformat()} for time in (DUE - timedelta(hours=1), *times)],
    )
    made = Results(score=0, tests=(wrong, unseen), output="How your notebook was read: well.")
    return with_standing(made, told, Late(), feedback=Feedback(details_per_day=details_per_day))


@pytest.mark.parametrize(("most", "before", "shown"), [(None, 9, True), (2, 1, True), (2, 2, False), (0, 0, False)])
def test_a_day_has_so_many_reports_with_details(most, before, shown):
    seen, unseen = reports(most, before, details="The stride is 1.", pictures=[], misconception="m").tests
    assert (seen.output, "details" in seen.extra_data, "pictures" in seen.extra_data) == (
        ("The stride is 1.", True, True) if shown else ("", False, False)
    )
    assert seen.extra_data["misconception"] == "m"
    assert unseen.output == "The stride is 1."  # a test that is shown after the due date is shown in full


def test_it_says_why_there_are_only_points():
    assert reports(2, 1).output == "How your notebook was read: well."
    assert "2 submissions a day show why a check fails" in reports(2, 2).output
    assert "not why a check fails" in reports(0, 0).output


@pytest.mark.parametrize("extra", [{"item": "notebook"}, {"could_not_be_checked": True}])
def test_what_the_grader_could_not_read_or_check_is_told_all_the_same(extra):
    assert reports(0, 0, **extra).tests[0].output == "The stride is 1."
