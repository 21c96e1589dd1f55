"""`ps7 similar`, as the course staff calls it."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames

COMMAND = Path(sys.executable).with_name("ps7")
MARKUP = "</pre><script>alert(1)</script>"


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    """A blank notebook, a solved one, its copy with other names, and a file that is not a notebook."""
    folder = tmp_path_factory.mktemp("class")
    solved = frames.text(frames.generate(PS7, "solution"))
    texts = {
        "blank": PS7.blank.read_text(),
        "solved": solved,
        "copied": re.sub(r"\b(x|features)\b", r"\1_mine", solved),
        "broken": "{",
    }
    for name, text in texts.items():
        (folder / name).mkdir()
        (folder / name / "hw.ipynb").write_text(text)
    (folder / "copied" / "hw.ipynb").write_text(texts["copied"].replace("class Encoder", f"# {MARKUP}\\nclass Encoder"))
    return folder


def similar(folder, out, *options, code=0):
    done = subprocess.run(
        [COMMAND, "similar", folder, "--out", out, *options], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_copy_is_found_and_what_was_handed_out_is_not(submissions, tmp_path):
    told = json.loads(similar(submissions, tmp_path / "similar.html", "--json").stdout)
    assert told["compared"] == 3
    assert list(told["unreadable"]) == ["broken"]
    [pair] = told["pairs"]
    assert (pair["left"], pair["right"]) == ("copied", "solved")
    assert pair["share"] > 0.9
    assert len(pair["parts"]) > pair["literal"]


def test_the_page_shows_both_as_text(submissions, tmp_path):
    page = tmp_path / "similar.html"
    done = similar(submissions, page)
    assert "copied  solved" in done.stdout
    assert "not compared: broken" in done.stderr
    text = page.read_text()
    assert "<script" not in text
    assert "x_mine" in text
    assert "broken" in text


def test_a_class_in_other_frames_is_told_from_the_notebook_that_was_handed_out(submissions, tmp_path):
    out = tmp_path / "similar.html"
    told = json.loads(similar(submissions, out, "--json", "--template", submissions / "solved" / "hw.ipynb").stdout)
    assert all(pair["share"] < 1 for pair in told["pairs"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "no file or folder"),
        (["class", "--template", "nowhere.ipynb"], "nowhere.ipynb"),
        (["class", "--out", "folder"], "cannot be used"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_line(submissions, tmp_path, arguments, says, monkeypatch):
    (tmp_path / "class").symlink_to(submissions)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    done = similar(*arguments[:1], tmp_path / "similar.html", *arguments[1:], code=2)
    assert says in done.stderr


def test_names_of_students_and_what_would_crash_it(submissions, tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, folder in (("a[/b]", "solved"), ("eve\x1b]0;x\x07", "copied"), ("damaged", "solved")):
            archive.writestr(f"{name}/hw.ipynb", (submissions / folder / "hw.ipynb").read_bytes())
    raw = bytearray((tmp_path / "class.zip").read_bytes())
    start = raw.rindex(b"damaged/hw.ipynb", 0, raw.index(b"PK\x01\x02")) + 40
    raw[start : start + 200] = bytes(200)
    (tmp_path / "class.zip").write_bytes(raw)
    roster = tmp_path / "roster.csv"
    roster.write_text("Name,Email\nAda Lovelace,eve0x@uni.example\n")
    done = similar(tmp_path / "class.zip", tmp_path / "similar.html", "--roster", roster)
    [row] = [line for line in done.stdout.splitlines() if "%" in line]
    assert "a[" in row
    assert "not compared: damaged" in done.stderr
    assert all(letter.isprintable() or letter == "\n" for letter in done.stdout + done.stderr)
