"""The class's page: the right counts, the grader's own failures at the top, and no name on an anonymous page."""

import re
from html.parser import HTMLParser

import pytest

from autograder.ps7.student.report.expectations import bands, expectations
from autograder.staff.classes.dashboard import render
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed, Student
from autograder.student.output.results import Results
from tests.classes.classes import MISTAKES, RUBRIC, large, results, small, student


class Tables(HTMLParser):
    """The text of the cells of each table, row by row; the tables are chosen by their id."""

    def __init__(self, page):
        super().__init__()
        self.tables, self.requests, self.said, self._cell = {}, [], "", None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.requests += [known[name] for name in ("src", "href") if name in known]
        if tag == "table":
            self.rows = self.tables.setdefault(known.get("id", len(self.tables)), [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
            self._cell = self.rows[-1]

    def handle_endtag(self, tag):
        if tag == "tr":
            self._cell = None

    def handle_data(self, data):
        self.said += data
        if self._cell:
            self._cell[-1] += data


def page(entries, **options):
    return render(entries, RUBRIC, MISTAKES, bands(expectations()), **{"anonymous": False, **options})


def test_mistakes_are_counted_once_a_submission_among_those_that_were_graded():
    (_, row) = Tables(page(small())).tables["mistakes"]
    assert [cell.strip() for cell in row] == [
        "1",
        "50 %",
        "The similarities are multiplied by the temperature.",
        "temperature-multiplied",
        "Bob Lovelace",
    ]


def test_the_graders_own_failures_come_first_and_count_nowhere_else():
    text = page(small())
    assert text.index("The grader failed at 1") < text.index("Scores")
    said = " ".join(Tables(text).said.split())
    assert "4 submissions 2 graded" in said
    # Its checks, which were not made, are not mistakes: of the encoder's checks, one failed once.
    failing = [row for row in Tables(text).tables[2] if row[0].strip() == "1"]
    assert len(failing) == len([check for check in RUBRIC.item("encoder").checks if check.points])


def test_what_a_person_should_look_at_comes_first():
    reasons = [{"number": number, "name": "n", "reason": "nobody <b>knows</b>"} for number in ("7.1.1.1", "7.1.1.2")]
    text = page([*small(), student("eve", results(needs_review=reasons))])
    assert text.index("To look at: 1") < text.index("Scores")
    assert "Eve Lovelace eve: 7.1.1.1, 7.1.1.2 nobody <b>knows</b>" in " ".join(Tables(text).said.split())
    assert "nobody &lt;b&gt;knows&lt;/b&gt;" in text
    assert "knows" not in page([student("eve", results(needs_review=reasons))], anonymous=True)
    assert "To look at" not in page(small())


def test_everything_that_needs_a_person_is_on_top_with_its_reason():
    unreadable = Results(score=0, tests=(), output="The file is a PDF.", extra_data={"unreadable": True})
    told = {"subject": "encoder", "points": 1.0, "before": 0.0, "reason": "It is <i>right</i>.", "by": "J. B."}
    stale = Entry(Handed("fay"), results(), ("config",))
    text = page([student("eve", unreadable), student("dan", results(adjusted=[told])), stale])
    said = " ".join(Tables(text).said.split())
    top = said[: said.index("Scores")]
    assert "Cannot be read: 1" in top
    assert "Eve Lovelace eve: The file is a PDF." in top
    assert "Adjusted: 1" in top
    assert "Dan Lovelace dan: encoder: 0 -> 1 (J. B.: It is <i>right</i>.)" in top
    assert "fay: graded with another configuration" in top
    assert "PDF" not in page([student("eve", unreadable)], anonymous=True)


def test_blanks_are_one_row_that_opens_and_every_row_has_a_sentence():
    blank = [(item.name, item.not_started) for item in RUBRIC.items if item.probes]
    wrong = [("report_ae", "report-missing")]
    text = page([student("ada", results(blank)), student("bob", results([*blank[:1], *wrong]))])
    _, first, *others = Tables(text).tables["mistakes"]
    assert first[0].strip() == "2"
    assert first[2].startswith(f"Left blank ({len(blank)} items)")
    assert f"2 {RUBRIC.items[0].title} {RUBRIC.items[0].not_started}" in first[2]
    assert [row[3].strip() for row in others] == ["report-missing"]
    assert all(row[2].strip() for row in others)


def test_who_handed_in_nothing_is_no_submission():
    entries = [student("ada", results()), Entry(Handed("bob", students=(Student("Bob"),), missing=True), None)]
    said = " ".join(Tables(page(entries)).said.split())
    assert "1 submissions 1 graded 1 handed in nothing" in said
    head, _, row = Tables(page(entries)).tables["submissions"]
    assert (row[0].strip(), row[head.index("Mistakes")]) == ("Bob bob", "not handed in")


def test_every_submission_has_a_row():
    head, *rows = Tables(page(small())).tables["submissions"]
    names = ["Ada Lovelace ada", "Bob Lovelace bob", "Cleo Lovelace cleo", "Dora Lovelace dora"]
    assert [row[0].strip() for row in rows] == names
    assert head[:2] == ["Student", "points"]
    assert len({len(row) for row in (head, *rows)}) == 1
    said = head.index("Mistakes")
    assert "the grader failed" in rows[2][said]
    assert "not graded" in rows[3][said]


def test_a_row_tells_what_the_submission_cost():
    head, row = Tables(page([student("ada", results(seconds=7.5, memory_mb=612))])).tables["submissions"]
    assert (row[head.index("s")], row[head.index("MB")]) == ("7.5", "612")


def test_accuracies_are_held_against_what_is_expected():
    rows = {row[0]: [cell.strip() for cell in row[1:4]] for row in Tables(page(small())).tables["accuracies"]}
    assert rows["Method I"] == ["25 to 40 %", "2", "1"]
    assert rows["Method III"][1:] == ["0", "0"]


@pytest.mark.parametrize("entries", [small(), large(30)])
def test_without_names_nobody_can_be_told(entries):
    text = page(entries, anonymous=True)
    for entry in entries:
        assert not re.search(rf"\b{entry.handed.name}\b", text)
    assert "Lovelace" not in text
    assert not Tables(text).requests


def test_numbers_of_an_anonymous_page_follow_the_score():
    head, *rows = Tables(page(small()[::-1], anonymous=True)).tables["submissions"]
    assert rows[0][head.index("points")] == f"{RUBRIC.points:g}"


def test_a_class_of_none_and_one_that_nothing_is_known_of():
    assert "0 submissions" in " ".join(Tables(page([])).said.split())
    assert "1 submissions" in " ".join(Tables(page([student("x", None)])).said.split())


def test_what_students_write_stays_text():
    nasty = '"><script>alert(1)</script>&{{ 7*7 }}'
    entry = student(nasty, results([("encoder", nasty)]))
    text = page([entry, student("y", Results(score=0, tests=(), output=nasty, extra_data={"grader_failed": True}))])
    assert text.count("<script") == 1
    assert "49" not in Tables(text).tables["mistakes"][1][3]


def test_only_its_own_reports_are_linked():
    assert set(Tables(page(small())).requests) == {f"{name}/report.html" for name in ("ada", "bob", "cleo")}


def test_a_thousand_fit():
    assert len(page(large(1000)).encode()) < 5_000_000
