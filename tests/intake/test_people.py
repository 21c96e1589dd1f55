"""Finds whose a hand-in is, from what a course and a platform know of the same student."""

import pytest

from autograder.staff.intake.handed import Handed, Student
from autograder.staff.intake.people import TableError, people_of, with_people

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Problem Set 7 (31)
    Points Possible,,,,,10
"Lovelace, Ada",101,0077,alovelace,A,
"van der Berg, Jan",102,0078,jberg,A,
"Müller, Zoë",103,0079,zm,A,
"Müller, Zoë",104,0080,zm2,A,
"""
GRADESCOPE = "First Name,Last Name,SID,Email\nAda,Lovelace,77,ADA@uni.example\nBob,Stone,8,bob@uni.example\n"
MOODLE = "Identifier;Full name;Email address\nParticipant 201;Ada Lovelace;a@x\nParticipant 202;Bob;b@x\n"


def known(tmp_path, table, encoding="utf-8"):
    (tmp_path / "roster.csv").write_bytes(table.encode(encoding))
    return people_of(tmp_path / "roster.csv")


@pytest.mark.parametrize(
    ("table", "handed", "email_or_id"),
    [
        (CANVAS, Handed("x", students=(Student(name="lovelaceada", id="101"),)), "101"),
        (CANVAS, Handed("x", students=(Student(name="vanderbergjan"),)), "102"),
        (CANVAS, Handed("x", students=(Student(name="Jan van der Berg"),)), "102"),
        (CANVAS, Handed("x", students=(Student(name="Zoë Müller"),)), None),
        (CANVAS, Handed("zm2"), "104"),
        (CANVAS, Handed("Ada Lovelace"), "101"),
        (CANVAS, Handed("77"), "101"),
        (GRADESCOPE, Handed("submission_9", students=(Student("A. L.", "ada@UNI.example", ""),)), "ADA@uni.example"),
        (GRADESCOPE, Handed("submission_9", students=(Student("Countess", "", "0077"),)), "ADA@uni.example"),
        (GRADESCOPE, Handed("bob"), "bob@uni.example"),
        (MOODLE, Handed("Ada Lovelace_201", students=(Student(name="Ada Lovelace", id="201"),)), "a@x"),
        (MOODLE, Handed("Eve"), None),
    ],
)
def test_who_it_is(tmp_path, table, handed, email_or_id):
    people = known(tmp_path, table)
    rows, strangers = with_people([handed], people)
    assert strangers == ([] if email_or_id else [handed.name])
    assert len(rows) == (len(people) if email_or_id else len(people) + 1)
    if email_or_id:
        assert email_or_id in {rows[0].students[0].email, rows[0].students[0].id}
    assert all(row.missing for row in rows[1:])
    assert len({row.name for row in rows}) == len(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_spreadsheets_save_in_many_ways(tmp_path, encoding):
    assert known(tmp_path, CANVAS, encoding)[2].student.name == "Müller, Zoë"


@pytest.mark.parametrize("table", ["", "a,b\n1,2\n", "\0\1\2PK", '"open'])
def test_what_names_nobody_is_refused(tmp_path, table):
    with pytest.raises(TableError):
        known(tmp_path, table)
