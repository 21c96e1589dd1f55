"""The downloads of each platform: every student who handed something in has a row with their own files."""

import zipfile

import pytest

from autograder.staff.intake.collection import find_submissions
from autograder.staff.intake.handed import Student

ABOUT = """Name: Ada Lovelace (al07)
Assignment: Problem Set 7
Date Submitted: Monday, 2 November 2026 16:45:12 o'clock GMT
Current Grade: Needs Grading

Submission Field:
Name: Eve (eve66)
"""
CANVAS = {
    "lovelaceada_101_9001_ps7.ipynb": "a",
    "lovelaceada_101_9002_weights.pth": "w",
    "bobson_LATE_102_9003_my_1_2_ps7-1.ipynb": "b",
    "cleo_103_9004_ps7.pdf": "c",
    "dora_104_text.html": "d",
    "emil_LATE_105_9005_ps7.py": "e",
    "müllerzoë_106_9006_ps7.zip": "z",
}
MOODLE = {
    "Ada Lovelace_201_assignsubmission_file_/ps7.ipynb": "a",
    "Ada Lovelace_201_assignsubmission_onlinetext_/onlinetext.html": "t",
    "Bob O'Neil_202_assignsubmission_file/deep/er/ps7.ipynb": "b",
    "Cleo_203_assignsubmission_file_ps7.pdf": "c",
}
BLACKBOARD = {
    "Problem Set_7_al07_attempt_2026-11-02-16-45-12.txt": ABOUT,
    "Problem Set_7_al07_attempt_2026-11-02-16-45-12_ps7.ipynb": "a",
    "Problem Set_7_al07_attempt_2026-11-01-10-00-00_old.ipynb": "old",
    "Problem Set_7_b_ob_attempt_2026-11-02-16-45-13_ps7.ipynb": "b",
    "Problem Set_7_cleo_attempt_2026-11-02-16-45-14.txt": "Name: Cleo (cleo)\n",
}
BRIGHTSPACE = {
    "index.html": "",
    "11-77 - Ada Lovelace - Nov 2, 2026 1145 AM/ps7.ipynb": "a",
    "11-77 - Ada Lovelace - Nov 2, 2026 1245 PM/ps7.ipynb": "newer",
    "12-77 - Jean-Luc - Picard - Nov 12, 2026 945 PM/ps7.pdf": "b",
    "13-77 - Cleo - Nov 3, 2026 101 PM - ps7.ipynb": "c",
}


def laid_out(folder, files, form):
    if form == "zip":
        with zipfile.ZipFile(folder / "class.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return folder / "class.zip"
    top = folder / "class" / ("export" if form == "folder in a folder" else "")
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return folder / "class"


def contents(handed):
    with handed.opened() as files:
        if files.place.is_file():
            return {files.place.name: files.place.read_text()}
        found = [path for path in files.place.rglob("*") if path.is_file()]
        return {path.relative_to(files.place).as_posix(): path.read_text() for path in found}


@pytest.fixture(params=["zip", "folder", "folder in a folder"])
def form(request):
    return request.param


def test_canvas(tmp_path, form):
    found = {each.students[0].id: each for each in find_submissions(laid_out(tmp_path, CANVAS, form))}
    assert {number: (each.name, each.late) for number, each in found.items()} == {
        "101": ("lovelaceada_101", False),
        "102": ("bobson_102", True),
        "103": ("cleo_103", False),
        "104": ("dora_104", False),
        "105": ("emil_105", True),
        "106": ("müllerzoë_106", False),
    }
    assert contents(found["101"]) == {"ps7.ipynb": "a", "weights.pth": "w"}
    assert list(contents(found["102"]).values()) == ["b"]
    assert contents(found["103"]) == {"ps7.pdf": "c"}
    assert contents(found["104"]) == {"text.html": "d"}


def test_canvas_anonymous(tmp_path):
    files = {"anon_Xy7_9001_ps7.ipynb": "a", "LATE_anon_Zz9_9002_ps7.ipynb": "b"}
    first, second = find_submissions(laid_out(tmp_path, files, "zip"))
    assert (first.late, second.late) == (True, False) or (first.late, second.late) == (False, True)
    assert {first.name, second.name} == {"anon_Xy7", "anon_Zz9"}


def test_moodle(tmp_path, form):
    ada, bob, cleo = find_submissions(laid_out(tmp_path, MOODLE, form))
    assert ada.students == (Student(name="Ada Lovelace", id="201"),)
    assert contents(ada) == {"ps7.ipynb": "a", "onlinetext.html": "t"}
    assert (bob.students[0].name, contents(bob)) == ("Bob O'Neil", {"deep/er/ps7.ipynb": "b"})
    assert contents(cleo) == {"ps7.pdf": "c"}


def test_blackboard(tmp_path, form):
    found = {each.name: each for each in find_submissions(laid_out(tmp_path, BLACKBOARD, form))}
    assert {*found} == {"al07", "b_ob", "cleo"}
    assert found["al07"].students == (Student(name="Ada Lovelace", id="al07"),)
    assert found["al07"].submitted == "2026-11-02-16-45-12"
    assert contents(found["al07"]) == {"ps7.ipynb": "a"}
    assert list(contents(found["b_ob"]).values()) == ["b"]
    assert list(contents(found["cleo"]).values()) == ["Name: Cleo (cleo)\n"]


def test_brightspace(tmp_path, form):
    ada, picard, cleo = sorted(
        find_submissions(laid_out(tmp_path, BRIGHTSPACE, form)), key=lambda each: each.students[0].id
    )
    assert (ada.students[0].name, contents(ada)) == ("Ada Lovelace", {"ps7.ipynb": "newer"})
    assert (picard.students[0].name, contents(picard)) == ("Jean-Luc - Picard", {"ps7.pdf": "b"})
    assert list(contents(cleo).values()) == ["c"]


def test_what_a_platforms_archive_holds_besides_has_a_row_too(tmp_path):
    files = CANVAS | {"resubmitted by mail.ipynb": "r", "Paula/ps7.ipynb": "p"}
    names = {each.name for each in find_submissions(laid_out(tmp_path, files, "zip"))}
    assert {"resubmitted by mail", "Paula", "lovelaceada_101"} <= names
    assert len(names) == 8


def test_a_description_counts_at_the_top_alone(tmp_path):
    own = "submission_2:\n  :submitters:\n  - :name: Eve\n  - :name: Mallory\n"
    files = {"submission_1/a.ipynb": "a", "submission_2/x.ipynb": "", "submission_2/submission_metadata.yml": own}
    for form in ("zip", "folder"):
        (tmp_path / form).mkdir()
        assert [each.students for each in find_submissions(laid_out(tmp_path / form, files, form))] == [(), ()]


def test_what_a_description_refers_to_costs_nothing(tmp_path):
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    top = "submission_1:\n  :submitters:\n  - :name: &n Ada\n    :sid: *n\n  :history: *a11\n"
    merges = "".join(f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 9)}]\n" for n in range(1, 12))
    files = {"submission_metadata.yml": bomb.replace("a0:", "a0:", 1) + "m0: &m0 {}\n" + merges + top}
    files |= {"submission_1/a.ipynb": "a"}
    found = {each.name: each for each in find_submissions(laid_out(tmp_path, files, "zip"))}
    assert found["submission_1"].students == (Student(name="Ada", sid="Ada"),)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"submitted/x/hw.ipynb": "", "ada/hw.ipynb": ""}, {"submitted", "ada"}),
        ({"submitted/ps7/a.ipynb": "", "ada/ps7/a.ipynb": "", "readme.txt": ""}, {"submitted", "ada"}),
        ({"submitted/ada/ps7/a.ipynb": "", "source/ps7/ps7.ipynb": "", "gradebook.db": ""}, {"ada"}),
        ({"grades.csv.ipynb": "", "class.html/x.ipynb": ""}, {"grades.csv~2", "class.html~2"}),
        ({"ada.ipynb": "", "Ada.ipynb": "", "ADA/x.ipynb": ""}, {"ada~3", "Ada~2", "ADA"}),
        ({"ada.ipynb": "", "ada.pdf": "", "bob.py": ""}, {"ada", "bob"}),
        ({"con/x.ipynb": "", "a:b/x.ipynb": "", "x. /y.ipynb": ""}, 3),
        ({f"{'n' * 200}/x.ipynb": "", f"{'n' * 201}/x.ipynb": ""}, 2),
    ],
)
def test_names_never_collide(tmp_path, files, names):
    found = {each.name for each in find_submissions(laid_out(tmp_path, files, "folder"))}
    assert (found if isinstance(names, set) else len(found)) == names
    assert not [name for name in found if any(letter in name for letter in '/\\:*?"<>|') or len(name) > 100]
