"""One column of a grade book is filled, and nothing else in it changes."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.staff.classes.gradebook import GradebookError, cells_of, filled
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed, Student
from autograder.staff.intake.people import TableError, Text
from tests.classes.classes import results

TITLES = ("Problem Set 7: Representation Learning", "Problem Set 7", "ps7")
RIGHT, WRONG = results(), results([("encoder", None)])
ADA = Entry(Handed("a", students=(Student("Lovelace, Ada", "ada@x", "77", "101"),)), RIGHT)
BOB = Entry(Handed("b", students=(Student("Bob Stone", "bob@x", "8", "102"),)), WRONG)
MISSING = Entry(Handed("c", students=(Student("Cleo", "cleo@x", "9", "103"),), missing=True), None)
STRANGER = Entry(Handed("eve"), RIGHT)
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Problem Set 6 (30),Problem Set 7 (31),PS 7 bonus,Final\r\n"
    '"    Points Possible",,,,,10,10,,(read only)\r\n'
    '"Lovelace, Ada",101,0077,al,"A ""x""",1,"",7,\r\n'
    "Bob Stone,102,0008,bs,A,2,,,\r\n"
    "Cleo,103,0009,cl,A,3,4.50,,\r\n"
    '"Student, Test",999,,,A,,,,\r\n'
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Problem Set 7,Problem Set 7 - Max Points,Problem Set 70,Problem Set 70 - Max Points\n"
    "Ada,Lovelace,77,ada@x,,10.0,1,5\nBob,Stone,8,bob@x,,10.0,,5\nCleo,C,9,cleo@x,,10.0,,5"
)
WORKSHEET = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Feedback comments\n"
    'Participant 101,Ada Lovelace,ada@x,"Submitted",,100.00,Yes,"well\ndone"\nParticipant 102,Bob,bob@x,,,100.00,Yes,\n'
)
EXPORT = (
    "First name;Last name;Email address;Assignment: Problem Set 6 (Real);Assignment: Problem Set 7 (Real)\n"
    "Ada;Lovelace;ada@x;1;-\nBob;Stone;bob@x;2;-\n"
)


def fill(tmp_path, kind, text, column="", entries=(ADA, BOB, MISSING, STRANGER)):
    path = tmp_path / "book.csv"
    path.write_bytes(text.encode())
    return filled(path, kind, entries, TITLES, column)


@pytest.mark.parametrize(
    ("kind", "text", "expected", "most"),
    [
        ("canvas", CANVAS, CANVAS.replace('1,"",7', f'1,"{RIGHT.score:g}",7').replace("A,2,,", f"A,2,{WRONG.score:g},"), 10),
        ("gradescope", GRADESCOPE, GRADESCOPE.replace("ada@x,", f"ada@x,{RIGHT.score:g}").replace("bob@x,", f"bob@x,{WRONG.score:g}"), 10),
        ("moodle", WORKSHEET, WORKSHEET.replace('ed",', f'ed",{RIGHT.score:g}').replace("bob@x,,", f"bob@x,,{WRONG.score:g}"), 100),
        ("moodle", EXPORT, EXPORT.replace("1;-", f"1;{RIGHT.score:g}").replace("2;-", f"2;{WRONG.score:g}"), None),
    ],
)  # fmt: skip
def test_the_column_is_filled_and_every_other_byte_stays(tmp_path, kind, text, expected, most):
    made = fill(tmp_path, kind, text)
    assert made.data.decode() == expected
    assert (made.students, made.strangers, made.most) == (2, ("eve",), most)


@pytest.mark.parametrize(
    ("kind", "text", "column", "says"),
    [
        ("canvas", CANVAS.replace("Problem Set 7 (31)", "Homework (31)"), "", "several columns may be meant"),
        ("canvas", CANVAS, "nothing", 'no column "nothing"'),
        ("moodle", CANVAS, "", "no column of an assignment, as moodle has them"),
    ],
)
def test_which_column_is_asked_for(tmp_path, kind, text, column, says):
    with pytest.raises(GradebookError, match=says):
        fill(tmp_path, kind, text, column)
    assert fill(tmp_path, "canvas", CANVAS, "Problem Set 6 (30)").column == "Problem Set 6 (30)"
    assert fill(tmp_path, "canvas", CANVAS, "set 7").column == "Problem Set 7 (31)"


def test_a_book_that_is_no_csv(tmp_path):
    with pytest.raises(TableError, match="a quote is open"):
        fill(tmp_path, "canvas", CANVAS + '"open')


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=1), min_size=1), st.sampled_from(",;\t"))
def test_cells_are_found_as_the_standard_library_finds_them(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    found = cells_of(Text(text.getvalue(), "utf-8", delimiter))
    assert [[cell.value for cell in row] for row in found] == rows
    assert all(text.getvalue()[cell.start : cell.end][0] == '"' for row in found for cell in row)
