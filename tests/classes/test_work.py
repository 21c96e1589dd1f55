"""A class from beginning to end, as the course staff grade it: from a platform's download to its grade book, with a
regrade."""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.staff.authoring import frames
from tests.notebooks import alone

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

COMMAND = Path(sys.executable).with_name("ps7")
BOOK = """Student,ID,SIS User ID,SIS Login ID,Section,Problem Set 7 (31)
    Points Possible,,,,,10
"First, Last",10001,,lfirst,A,
"One, Second",10002,,oned,A,
"Müller, Zoë",10003,,mz,A,"4"
"Nobody, Noah",10009,,nn,A,7
"""
ADJUSTED = """[[adjustment]]
student = "Müller, Zoë"
item = "decoder"
points = 0.5
reason = "Shown in the office hour"
by = "J. B."
"""


def batch(*arguments, code=0):
    command = [COMMAND, "batch", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def table(out):
    with (out / "grades.csv").open(encoding="utf-8-sig") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("canvas")
    with zipfile.ZipFile(folder / "class.zip", "w") as archive:
        archive.writestr("firstlast_10001_20001_ps7.ipynb", frames.text(alone("encoder", "solution")))
        archive.writestr("onesecond_LATE_10002_20002_ps7.pdf", "%PDF-1.4")
        archive.writestr("müllerzoë_10003_20003_grades.csv.ipynb", frames.text(alone("decoder", "template")))
    (folder / "book.csv").write_text(BOOK, encoding="utf-8")
    return folder


def test_from_a_download_to_the_grade_book_and_through_a_regrade(place):
    out, book = place / "out", place / "book.csv"
    out.mkdir()
    (out / "adjustments.toml").write_text(ADJUSTED, encoding="utf-8")
    first = batch(place / "class.zip", "--out", out, "--roster", book, "--gradebook", "canvas", book)
    rows = table(out)
    assert {name: (row["student"], row["score"]) for name, row in rows.items()} == {
        "firstlast_10001": ("First, Last", "1"),
        "onesecond_10002": ("One, Second", "0"),
        "müllerzoë_10003": ("Müller, Zoë", "0.5"),
        "nn": ("Nobody, Noah", ""),
    }
    assert rows["nn"]["problem"] == "not handed in"
    assert rows["müllerzoë_10003"]["adjusted"] == "decoder: 0 -> 0.5 (J. B.: Shown in the office hour)"
    filled = (out / "gradebook-canvas.csv").read_text(encoding="utf-8")
    assert filled == BOOK.replace("lfirst,A,", "lfirst,A,1").replace("oned,A,", "oned,A,0").replace('"4"', '"0.5"')
    assert "3 students have their points" in first.stderr

    (place / "config.toml").write_text("[points]\nencoder = 2\n[late]\npercent_per_day = 10\n")
    refused = batch(place / "class.zip", "--out", out, "--config", place / "config.toml", code=2)
    assert "3 of 3 submissions" in refused.stderr
    assert "another configuration: --regrade changed" in refused.stderr
    again = batch(
        place / "class.zip", "--out", out, "--roster", book, "--config", place / "config.toml", "--regrade", "changed"
    )
    assert "3 graded again, 1 with other points" in again.stderr
    assert "firstlast_10001: 1 -> 2 (another configuration)" in again.stderr
    with (out / "changes.csv").open(encoding="utf-8-sig") as file:
        [change] = csv.DictReader(file)
    assert (change["students"], change["before"], change["after"]) == ("First, Last", "1", "2")
    only = ["--only", "Müller*", "--regrade", "all", "--config", place / "config.toml", "--json"]
    alone = json.loads(batch(place / "class.zip", "--out", out, "--roster", book, *only).stdout)
    assert (alone["graded"], alone["changed"]) == (1, {})
    rows = table(out)
    assert (rows["firstlast_10001"]["score"], rows["müllerzoë_10003"]["score"]) == ("2", "0.5")
    assert "by how much" in json.loads((out / "onesecond_10002" / "results.json").read_text())["tests"][-1]["output"]


def test_what_cannot_be_read_says_why_and_nothing_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("ada/ps7.ipynb", "{}")
        archive.writestr("../bob/ps7.ipynb", "{}")
    raw = bytearray((tmp_path / "class.zip").read_bytes())
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(start) + flags] |= 1
    (tmp_path / "class.zip").write_bytes(raw)
    batch(tmp_path / "class.zip", "--out", tmp_path / "out")
    assert {name: row["problem"] for name, row in table(tmp_path / "out").items()} == {
        "ada": "The submission cannot be read: `ps7.ipynb`: it is locked with a password.",
        "bob": "The submission cannot be read: `../bob/ps7.ipynb` would lie outside of the submission and was left out.",
    }


def test_a_place_that_cannot_be_written_costs_one(place, tmp_path):
    (tmp_path / "onesecond_10002").write_text("in the way")
    done = batch(place / "class.zip", "--out", tmp_path, code=1)
    assert "onesecond_10002: its results cannot be written" in done.stderr
    scores = {name: row["score"] for name, row in table(tmp_path).items()}
    assert scores == {"firstlast_10001": "1", "müllerzoë_10003": "0", "onesecond_10002": ""}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{class}", "--out", "{folder}/x", "--roster", "{folder}/nothing.csv"], "nothing.csv cannot be read"),
        (["{class}", "--out", "{folder}/x", "--gradebook", "sakai", "{book}"], "canvas, gradescope or moodle"),
        (["{class}", "--out", "{folder}/x", "--gradebook", "moodle", "{book}"], "no column of an assignment"),
        (["{class}", "--out", "{folder}/x", "--adjustments", "{folder}/none.toml"], "none.toml"),
        (["{folder}", "--out", "{folder}/grades"], "among the submissions"),
        (["{folder}", "--out", "{folder}"], "among the submissions"),
        (["{book}", "--out", "{folder}/x"], "is neither a folder nor a zip or tar"),
    ],
)
def test_what_is_used_wrongly_is_said_before_anything_is_graded(place, tmp_path, arguments, says):
    (tmp_path / "ada.ipynb").write_text("{}")
    known = {"class": place / "class.zip", "book": place / "book.csv", "folder": tmp_path}
    done = batch(*(each.format(**known) for each in arguments), code=2)
    assert says in done.stderr
    assert not (tmp_path / "x" / "grades.csv").exists()
