"""The student's results made of the grader's: adjusted, in time or late."""

from datetime import datetime

import msgspec
import pytest

from autograder.staff.classes.finishing import Finishing
from autograder.staff.classes.journal import Journal
from autograder.staff.classes.run import JOURNAL, RESULTS, Run
from autograder.staff.course.adjustments import Adjustment, AdjustmentError
from autograder.staff.course.policy import Late
from autograder.staff.intake.collection import find_submissions
from autograder.staff.intake.handed import Handed, Student
from autograder.staff.intake.people import people_of, with_people
from autograder.student.output.results import decode
from tests.classes.classes import RUBRIC, results
from tests.classes.test_journal import OTHER, RULES

DUE = datetime.fromisoformat("2026-11-08T23:59:00-05:00")
LATE = Late(percent_per_day=10, due=DUE)
APPEAL = Adjustment(student="ADA@x", item="encoder", points=1.0, reason="It is right.", by="J. B.")
WRONG = results([("encoder", None)])


def finished(handed, late=LATE, adjustments=(), found=WRONG):
    return Finishing(late, adjustments, [handed], RUBRIC)(handed, found, lambda _, now: now)


@pytest.mark.parametrize(
    ("handed", "days"),
    [
        (Handed("a", submitted="2026-11-10 12:00:00.123456000 -05:00"), 2),
        (Handed("a", submitted="2026-11-08 23:58:00.000000000 -05:00"), 0),
        (Handed("a", submitted="2026-11-09 04:58:00 UTC"), 0),
        (Handed("a", submitted="2026-11-09-10-00-00"), 1),
        (Handed("a", submitted="Nov 11, 2026 1145 AM"), 3),
        (Handed("a", submitted="2026-11-10 12:00:00 -05:00", due="2026-11-10 18:00"), 0),
        (Handed("a", days_late=1.5), 2),
        (Handed("a", days_late=0.0, late=True), 0),
        (Handed("a", days_late=3.0, free_days=2), 1),
        (Handed("a"), 0),
        (Handed("a", submitted="some day"), 0),
    ],
)
def test_days_that_are_taken_off(handed, days):
    after = finished(handed)
    assert after.score == pytest.approx(WRONG.score * (1 - days / 10))
    assert not after.extra_data["needs_review"]


def test_late_by_nobody_knows_how_much_is_for_a_person():
    after = finished(Handed("a", late=True))
    assert after.score == WRONG.score
    assert "by how much" in after.extra_data["needs_review"][0]["reason"]
    assert finished(Handed("a", late=True), Late()) == WRONG


def test_the_roster_says_how_late_and_what_is_left(tmp_path):
    table = "Name,Email,Late days,Late days left\nAda,ada@x,2,1\nBob,bob@x,,3\nCleo,cleo@x,30:00:00,\n"
    (tmp_path / "roster.csv").write_text(table)
    handed = [Handed("g", students=(Student("Ada"), Student("Bob"))), Handed("cleo")]
    (group, cleo), _ = with_people(handed, people_of(tmp_path / "roster.csv"))
    assert (group.days_late, group.free_days) == (2, 3)
    assert (cleo.days_late, cleo.free_days) == (1.25, 0)
    assert "Handed in 2 days after the due date (2 of 3 free days used): 0 %" in finished(group).output
    assert finished(cleo).extra_data["late_days"] == 2


def test_an_adjustment_comes_first_and_lateness_then():
    ada = Handed("a", students=(Student("Ada", "ada@x"),), days_late=1.0)
    after = finished(ada, adjustments=[APPEAL])
    assert after.score == pytest.approx(0.9 * 10)


@pytest.mark.parametrize("students", [(), (Student("Ada", "ada@x"), Student("Eve", "ada@x"))])
def test_an_adjustment_of_nobody_or_of_several(students):
    handed = [Handed(f"s{place}", students=(each,)) for place, each in enumerate(students)] or [Handed("x")]
    with pytest.raises(AdjustmentError, match=r"is nobody of this class|may be s0, s1"):
        Finishing(LATE, [APPEAL], handed, RUBRIC)


def test_an_adjustment_that_does_not_fit_older_results_is_for_a_person():
    of_then = msgspec.structs.replace(WRONG, tests=tuple(t for t in WRONG.tests if t.extra_data["item"] != "encoder"))
    after = finished(Handed("a", students=(Student("Ada", "ada@x"),)), adjustments=[APPEAL], found=of_then)
    assert after.score == of_then.score
    assert "'encoder' is no check" in after.extra_data["needs_review"][0]["reason"]


def test_an_adjustment_survives_regrades_and_says_where_the_check_is_another_since(tmp_path):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "hw.ipynb").write_text("x")
    [ada] = find_submissions(tmp_path / "class")
    appeal = Adjustment(student="ada", item="encoder", points=0.75, reason="It is right.", by="J. B.")

    def graded(rules, found=None, adjustments=()):
        run = Run(tmp_path / "out", tmp_path / "class", rules, RUBRIC, Finishing(LATE, adjustments, [ada], RUBRIC))
        waiting = run.waiting([ada], [ada], "changed")
        if found is not None:
            assert waiting
            run.begin(waiting)
            run.record(ada, found)
            run.end()
        run.publish(ada)
        written = decode((tmp_path / "out" / "ada" / RESULTS).read_bytes())
        assert written == run.entry(ada).results
        return written

    assert graded(RULES, WRONG).score == WRONG.score
    after = graded(RULES, adjustments=[appeal])
    assert after.score == pytest.approx(WRONG.score + 0.75)
    assert not after.extra_data["needs_review"]
    again = graded(OTHER, results(), [appeal])
    assert again.score == pytest.approx(9.75)
    assert "gave 0.75 points for encoder when the grader gave 0; it gives 1 now" in str(
        again.extra_data["needs_review"]
    )
    assert graded(OTHER).score == 10
    assert Journal(tmp_path / "out" / JOURNAL).adjusted("ada", appeal.key) == 0
