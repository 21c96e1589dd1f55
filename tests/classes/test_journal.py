"""Which results in a folder count: those that its journal records, with today's rules."""

import csv
import io
import random

import msgspec
import pytest

from autograder.staff.classes.grades import as_csv, changes_as_csv
from autograder.staff.classes.journal import Journal, Rules
from autograder.staff.classes.run import GRADED, JOURNAL, Run, RunError
from autograder.staff.intake.collection import find_submissions
from tests.classes.classes import RUBRIC, results

RULES = Rules("1.0 aa", "bb", "cc")
OTHER = msgspec.structs.replace(RULES, config="dd")
NAMES = ("ada", "bob", "cleo", "dora")
ITEMS = [item.name for item in RUBRIC.items]


@pytest.fixture
def place(tmp_path):
    for name in NAMES:
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "hw.ipynb").write_text(name)
    return tmp_path / "class"


def grading(handed, rules):
    """All submissions right by one set of rules, bob's wrong by the other."""
    return results([("encoder", None)] if handed.name == "bob" and rules != RULES else ())


def new(place, rules=RULES):
    handed = find_submissions(place)
    return Run(place.parent / "out", place, rules, RUBRIC), handed


def graded(place, rules=RULES, regrade=None, most=None):
    """Grades as `batch` does; killed after `most` submissions. Returns the run and the submissions that it has
    graded."""
    run, handed = new(place, rules)
    waiting = run.waiting(handed, handed, regrade)
    run.begin(waiting)
    for each in waiting[:most]:
        run.record(each, grading(each, rules))
    if most is None:
        run.end()
    return run, [each.name for each in waiting[:most]]


def table(place, rules=RULES):
    run, handed = new(place, rules)
    run.waiting(handed, handed, "changed")
    return as_csv([run.entry(each) for each in handed], ITEMS)


def test_what_is_graded_is_not_graded_again(place):
    assert graded(place, most=2)[1] == ["ada", "bob"]
    assert graded(place)[1] == ["cleo", "dora"]
    assert graded(place)[1] == []
    assert graded(place, regrade="all")[1] == [*NAMES]


def test_results_that_no_journal_knows_do_not_count(place):
    graded(place)
    out = place.parent / "out"
    (out / JOURNAL).unlink()
    assert graded(place)[1] == [*NAMES]
    (out / "ada" / GRADED).write_bytes((out / "bob" / GRADED).read_bytes() + b" ")
    (out / "cleo" / GRADED).unlink()
    assert graded(place)[1] == ["ada", "cleo"]


def test_what_a_student_puts_beside_the_notebook_is_no_result(place):
    for name in ("results.json", GRADED, JOURNAL):
        (place / "ada" / name).write_bytes(msgspec.json.encode(results()))
    assert graded(place)[1] == [*NAMES]


@pytest.mark.parametrize("out", [".", "grades", "ada", "ada/deep"])
def test_results_may_not_lie_among_the_submissions(place, out):
    with pytest.raises(RunError, match="among the submissions"):
        Run(place / out, place, RULES, RUBRIC)
    assert not (place / "grades").exists()
    (place.parent / "link").symlink_to(place)
    with pytest.raises(RunError, match="among the submissions"):
        Run(place.parent / "link" / out, place, RULES, RUBRIC)


def test_nor_where_a_submission_of_that_name_does(place):
    (place / "class").mkdir()
    run = Run(place.parent, place, RULES, RUBRIC)
    handed = find_submissions(place)
    with pytest.raises(RunError, match="would lie where the submissions do"):
        run.waiting(handed, handed, None)


def test_other_rules_are_asked_for(place):
    graded(place, most=3)
    for regrade in (None, "failed"):
        with pytest.raises(RunError, match=r"3 of 4 submissions .* another configuration: --regrade changed"):
            graded(place, OTHER, regrade)
    run, names = graded(place, OTHER, "changed")
    assert names == [*NAMES]
    [change] = run.changes()
    assert (change.name, change.before, change.why) == ("bob", 10, "another configuration")
    assert change.after < change.before
    assert {check for check, *_ in change.checks} == {
        f"{test.number} {test.name}" for test in results([("encoder", None)]).tests if test.status == "failed"
    }


def test_a_run_that_grades_nothing_has_changed_nothing_but_what_was_cut_short_is_told(place):
    graded(place)
    assert graded(place, OTHER, "changed")[0].regraded == 4
    run, _ = graded(place, OTHER)
    assert (run.regraded, run.changes()) == (0, [])
    graded(place, regrade="changed", most=4)  # killed after the last of them
    run, names = graded(place)
    assert (names, run.regraded, [change.name for change in run.changes()]) == ([], 4, ["bob"])


def test_other_files_are_told_and_graded_where_that_is_asked_for(place):
    graded(place)
    (place / "cleo" / "hw.ipynb").write_text("other")
    run, names = graded(place)
    assert names == []
    assert "have changed since" in {each.name: run.entry(each).problem for each in find_submissions(place)}["cleo"]
    assert graded(place, regrade="changed")[1] == ["cleo"]


@pytest.mark.parametrize("seed", range(10))
def test_a_run_that_is_killed_ten_times_and_a_regrade_give_what_an_undisturbed_one_gives(place, seed, tmp_path):
    chance = random.Random(seed)
    for _ in range(5):
        graded(place, most=chance.randrange(2))
        torn(place, chance)
    for _ in range(5):
        graded(place, OTHER, "changed", most=chance.randrange(2))
        torn(place, chance)
    run, _ = graded(place, OTHER, "changed")
    other = tmp_path / "undisturbed"
    place.rename(other)
    (other.parent / "out").rename(tmp_path / "first")
    graded(other, OTHER)
    undisturbed = table(other, OTHER)
    (other.parent / "out").rename(tmp_path / "second")
    (tmp_path / "first").rename(other.parent / "out")
    assert table(other, OTHER) == undisturbed
    changes = [*csv.DictReader(io.StringIO(changes_as_csv(run.changes(), [])))]
    assert {row["submission"] for row in changes} <= {"bob"}


def torn(place, chance):
    """The file as a kill in the middle of a line leaves it."""
    path = place.parent / "out" / JOURNAL
    if path.exists() and chance.random() < 0.5:
        path.write_bytes(path.read_bytes() + b'{"type":"graded","name":"ada","sub')


def test_a_disk_that_fails_costs_the_submission_at_hand(place):
    (place.parent / "out").mkdir()
    (place.parent / "out" / "bob").write_text("in the way")
    run, handed = new(place)
    waiting = run.waiting(handed, handed, None)
    for each in waiting:
        if each.name == "bob":
            with pytest.raises(OSError, match="exists"):
                run.record(each, results())
        else:
            run.record(each, results())
    assert {each.name: run.entry(each).state for each in handed} == {
        "ada": "graded",
        "bob": "not graded",
        "cleo": "graded",
        "dora": "graded",
    }


def test_a_journal_reads_what_it_wrote(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.begin(RULES)
    (tmp_path / "j").write_bytes((tmp_path / "j").read_bytes() + b'{"torn')
    again = Journal(tmp_path / "j")
    again.begin(OTHER)
    assert len((tmp_path / "j").read_bytes().splitlines()) == 3
    assert Journal(tmp_path / "j").is_running
