"""The table of a class's grades."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.staff.classes.grades import FORMULA, as_csv
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed, Student
from autograder.student.output.results import Results, Test, clean


def check(item, score, points=1.0):
    return Test(
        number="1", name="n", score=score, max_score=points, status="passed", output="", extra_data={"item": item}
    )


RESULTS = Results(score=1.6, tests=(check("encoder", 0.1), check("encoder", 0.5), check("decoder", 1.0)))


def rows(table):
    return list(csv.DictReader(io.StringIO(table)))


def test_points_of_an_item_are_those_of_its_checks():
    (row,) = rows(as_csv([Entry(Handed("ada"), RESULTS)], ["encoder", "decoder"]))
    assert (row["submission"], row["encoder"], row["decoder"], row["score"]) == ("ada", "0.6", "1", "1.6")
    assert (row["max_score"], row["problem"]) == ("3", "")


def test_who_hands_in_together_has_a_row_each():
    pair = Handed("s", students=(Student("Ada", "a@x", "1"), Student("Bob", "b@x", "2")))
    first, second = rows(as_csv([Entry(pair, RESULTS)], ["encoder"]))
    assert [(row["student"], row["email"], row["sid"]) for row in (first, second)] == [
        ("Ada", "a@x", "1"),
        ("Bob", "b@x", "2"),
    ]
    assert first["score"] == second["score"] == "1.6"


def test_what_went_wrong_is_said():
    odd = Results(score=0, tests=(), output="The notebook\n\ncannot be read.", extra_data={"unreadable": True})
    first, second = rows(as_csv([Entry(Handed("a"), odd), Entry(Handed("b"), None)], ["encoder"]))
    assert first["problem"] == "The notebook cannot be read."
    assert (second["problem"], second["score"]) == ("not graded", "")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_name_is_no_formula_and_breaks_no_row(name):
    (row,) = rows(as_csv([Entry(Handed("s", students=(Student(name),)), RESULTS)], []))
    assert not row["student"].startswith(tuple(FORMULA))
    shown = "".join(each for each in clean(name) if unicodedata.category(each) != "Cf")
    assert row["student"].replace("'", "") == " ".join(shown.split()).replace("'", "")


@pytest.mark.parametrize(
    "name",
    ["=cmd|'/c calc'!A1", ";=cmd", "a;b; =1+1", "x\t=1", "＝1+1", "﹣1", "|@SUM(1)", '";"=1', ";+1;-1;@x", "\u200b=1"],
)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_divides_them(name):
    table = as_csv([Entry(Handed("s", students=(Student(name, name, name),)), RESULTS)], [])
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(table), delimiter=delimiter):
            for cell in row:
                assert not cell.strip(' "\u200b').startswith(tuple(FORMULA))
