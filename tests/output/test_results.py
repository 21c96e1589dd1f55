"""results.json: it has Gradescope's fields, and is whole at every moment, whatever the texts are."""

import json
import math
import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.student.grading.verdicts import Verdict
from autograder.student.output.results import (
    LONGEST_OUTPUT,
    ResultsError,
    ResultsFile,
    Test,
    clean,
    decode,
    encode,
    from_verdicts,
)

# https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility"}
TOP |= {"stdout_visibility", "extra_data", "tests", "leaderboard"}
EACH = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
EACH |= {"visibility", "extra_data"}


def verdict(**changes):
    fields = {
        "number": "7.1.1.1",
        "item": "encoder",
        "about": "Encoder",
        "check": "shape",
        "title": "Shape",
        "score": 0.2,
        "max_score": 0.2,
        "passed": True,
        "message": "",
        "misconception": None,
        "visibility": "visible",
    }
    return Verdict(**(fields | changes))


def test_only_fields_of_the_format_are_written():
    written = json.loads(encode(from_verdicts([verdict()], output="read", extra={"notes": ["a"]}, execution_time=1.5)))
    assert set(written) <= TOP
    assert set(written["tests"][0]) <= EACH
    assert written["tests"][0]["extra_data"] == {
        "item": "encoder",
        "title": "Encoder",
        "check": "shape",
        "misconception": None,
    }
    assert (written["score"], written["execution_time"], written["output_format"]) == (0.2, 1.5, "md")


def test_what_a_person_should_look_at_is_listed_with_its_reason():
    results = from_verdicts([verdict(), verdict(number="7.1.4.3", needs_review="two calls are of one method")])
    assert "needs_review" not in results.tests[0].extra_data
    assert results.tests[1].extra_data["needs_review"] == "two calls are of one method"
    assert results.extra_data["needs_review"] == [
        {"number": "7.1.4.3", "name": "Shape", "reason": "two calls are of one method"}
    ]


def test_the_course_staff_have_it_in_one_test_that_nobody_else_sees():
    """Gradescope shows the extra data to nobody."""
    doubt = "two calls are of *one* `method`"
    results = from_verdicts(
        [
            verdict(),
            verdict(number="7.1.4.3", needs_review=doubt),
            verdict(number="7.1.4.4", needs_review=doubt),
            verdict(number="7.1.5.1", needs_review="could not be checked: no", fault="Traceback: no"),
        ]
    )
    staff = results.tests[-1]
    assert (staff.visibility, staff.score, staff.max_score) == ("hidden", 0, 0)
    assert staff.name == "For the course staff: 3 to look at"
    assert "- 7.1.4.3 Shape, 7.1.4.4 Shape: `two calls are of *one* 'method'`\n- 7.1.5.1 Shape" in staff.output
    assert "At 7.1.5.1 the grader failed:\n\n    Traceback: no" in staff.output
    assert [test.visibility for test in results.tests].count("hidden") == 1


def test_a_package_that_is_not_there_is_no_failure_of_the_grader():
    lacking = "the package einops is not installed where grading runs"
    results = from_verdicts([verdict(needs_review=f"could not be checked: {lacking}", fault=lacking)])
    assert results.tests[-1].output == f"- 7.1.1.1 Shape: `could not be checked: {lacking}`"


def test_where_nothing_is_to_be_looked_at_there_is_no_such_test():
    assert len(from_verdicts([verdict(), verdict(number="7.1.4.3")]).tests) == 2


@pytest.mark.parametrize(("passed", "status"), [(True, "passed"), (False, "failed")])
def test_status(passed, status):
    assert from_verdicts([verdict(passed=passed, score=0.0)]).tests[0].status == status


def test_points_are_summed_without_the_errors_of_binary_fractions():
    results = from_verdicts([verdict(score=0.1, max_score=0.3) for _ in range(10)])
    assert (results.score, results.max_score) == (1.0, 3.0)


@pytest.mark.parametrize(("score", "most"), [(1.1, 1.0), (-0.1, 1.0), (math.nan, 1.0), (0.0, math.inf)])
def test_points_that_cannot_be_are_refused(score, most):
    with pytest.raises(ValueError, match="points"):
        Test(number="1", name="", score=score, max_score=most, status="passed", output="")


@given(st.text(st.characters(exclude_categories=())), st.dictionaries(st.text(), st.text() | st.floats() | st.none()))
@example("".join(map(chr, range(0x2000, 0x2070))), {"\u202e": "\u202e"})
def test_any_text_makes_valid_json(text, extra):
    encoded = encode(from_verdicts([verdict(message=text)], output=text, extra=extra))
    read = json.loads(encoded, parse_constant=pytest.fail)
    assert decode(encoded).score == read["score"]
    assert all(
        character.isprintable() or unicodedata.category(character) != "Cc" or character in "\n\t"
        for character in read["output"]
    )
    assert "\u202e" not in read["output"]
    assert "\\u202e" not in encoded.decode().lower()
    assert "\u202e" not in encoded.decode()


def test_a_long_text_is_cut_and_says_so():
    cut = clean("x" * (LONGEST_OUTPUT + 1))
    assert cut.startswith("x" * LONGEST_OUTPUT)
    assert cut.endswith("(cut here)")
    assert clean("x" * LONGEST_OUTPUT) == "x" * LONGEST_OUTPUT


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b'{"score": "ten", "tests": []}', b"\xff"])
def test_what_is_no_results_file(text):
    with pytest.raises(ResultsError):
        decode(text)


def test_a_write_replaces_in_one_step_and_leaves_nothing_behind(tmp_path):
    file = ResultsFile(tmp_path / "deep" / "results.json")
    for score in (0.0, 0.2):
        file.write(from_verdicts([verdict(score=score)]))
        assert decode(file.path.read_bytes()).score == score
    assert os.listdir(file.path.parent) == ["results.json"]
    assert file.path.stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_keeps_the_last_results(tmp_path, monkeypatch):
    file = ResultsFile(tmp_path / "results.json")
    file.write(from_verdicts([verdict()]))

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        file.write(from_verdicts([verdict(score=0.0)]))
    assert decode(file.path.read_bytes()).score == 0.2
    assert os.listdir(tmp_path) == ["results.json"]
