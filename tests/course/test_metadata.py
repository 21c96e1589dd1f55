"""Gradescope's submission_metadata.json, and what is not one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.staff.course.metadata import MetadataError, read_metadata

TOLD = {
    "id": 123456,
    "created_at": "2026-11-25T10:00:00.000000-08:00",
    "assignment": {
        "due_date": "2026-11-23T10:00:00.000000-08:00",
        "group_size": None,
        "late_due_date": None,
        "title": "Problem Set 7",
        "total_points": "10.0",
    },
    "submission_method": "upload",
    "users": [{"email": "a@example.com", "id": 1, "name": "A"}],
    "previous_submissions": [],
}


@pytest.fixture
def told(tmp_path):
    def _told(**changes):
        path = tmp_path / "submission_metadata.json"
        path.write_text(json.dumps(TOLD | changes), encoding="utf-8")
        return read_metadata(path)

    return _told


def previous(day, *tests, **more):
    results = {"tests": [{"score": score, "visibility": visibility} for score, visibility in tests]}
    return {"submission_time": f"2026-11-{day}T10:00:00-08:00", "score": "5.0", "results": results, **more}


def test_late_against_the_assignments_date(told):
    assert told().seconds_late == 2 * 86_400


def test_an_extension_of_one_student_counts_for_all_who_hand_in_together(told):
    dates = [{"assignment": {"due_date": f"2026-11-{day}T10:00:00-08:00"}} for day in (24, 23)]
    assert told(users=dates).seconds_late == 86_400


@pytest.mark.parametrize("due", [None, "2026-11-26T10:00:00-08:00", "2026-11-25T20:00:00+02:00"])
def test_in_time(told, due):
    assert told(assignment={"due_date": due}).seconds_late == 0


def test_the_latest_earlier_score_that_students_saw(told):
    seen, unseen = (2.5, "visible"), (1.0, "after_due_date")
    before = [
        previous(22, seen, seen, unseen),
        previous(21, seen),
        previous(23, seen, autograder_error=True),
        previous(24, results=None),
    ]
    assert told(previous_submissions=before).last_visible_score == 5.0
    assert told().last_visible_score is None


def test_a_time_without_a_zone_is_refused(told):
    with pytest.raises(MetadataError, match="timezone"):
        told(created_at="2026-11-25T10:00:00")


@given(st.binary(max_size=200))
def test_what_is_no_metadata_is_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("metadata") / "submission_metadata.json"
    path.write_bytes(text)
    with pytest.raises(MetadataError, match="submission_metadata"):
        read_metadata(path)


@given(
    st.dictionaries(st.sampled_from(sorted(TOLD)), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.none())))
)
def test_odd_metadata_is_read_or_refused(tmp_path_factory, changes):
    path = tmp_path_factory.mktemp("metadata") / "submission_metadata.json"
    path.write_text(json.dumps(TOLD | changes), encoding="utf-8")
    try:
        metadata = read_metadata(path)
    except MetadataError:
        return
    assert metadata.seconds_late >= 0
    assert metadata.last_visible_score is None or metadata.last_visible_score >= 0


@pytest.mark.parametrize(
    "nulls",
    [
        {"users": [{"name": "A Student", "assignment": None}]},
        {"users": [{"assignment": {"due_date": None}}, None]},
        {"users": None},
        {"previous_submissions": None},
        {"previous_submissions": [None, {"submission_time": None}, {"autograder_error": None}]},
        {"id": None, "submission_method": None},
    ],
)
def test_what_gradescope_does_not_know_is_null_and_costs_nothing_else(told, nulls):
    assert told(**nulls).seconds_late == 2 * 86_400
    assert told(**nulls).last_visible_score is None


def test_an_earlier_submission_that_cannot_be_read_hides_no_other(told):
    before = [previous(22, (2.5, "visible"), autograder_error=None), {"submission_time": "soon"}]
    assert told(previous_submissions=before).last_visible_score == 2.5


def test_earlier_submissions_of_the_day_count_by_the_submissions_own_clock(told):
    def at(time, **more):
        return {"submission_time": time, **more}

    same_day = [at("2026-11-25T00:10:00-08:00"), at("2026-11-25T17:59:00Z")]
    others = [at("2026-11-24T23:50:00-08:00"), at("2026-11-25T07:00:00Z"), at("2026-11-25T12:00:00-08:00")]
    failed = [at("2026-11-25T09:00:00-08:00", autograder_error=True), "nothing"]
    assert told(previous_submissions=[*same_day, *others, *failed]).earlier_that_day == 2
    assert told(previous_submissions=None).earlier_that_day == 0
