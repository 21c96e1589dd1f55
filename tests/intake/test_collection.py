"""A class's submissions in their usual forms, and in some forms that nobody should send."""

import zipfile

import pytest

from autograder.staff.intake.collection import CollectionError, find_submissions
from autograder.staff.intake.handed import Student
from autograder.student.submission.locating import MAX_BYTES

# As Gradescope's "Export Submissions" writes it, shortened.
DESCRIPTION = """---
submission_101:
  :submitters:
  - :name: Ada L.
    :sid: '007'
    :email: ada@uni.example
  - :name: Bob
    :sid:
    :email: bob@uni.example
  :created_at: 2026-11-02 16:45:12.123456000 -08:00
  :score: 9.5
  :status: processed
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    tests: []
  :history: []
submission_102:
  :submitters:
  - :name: Cleo
    :sid: '9'
    :email: cleo@uni.example
"""


def made(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def contents(handed):
    with handed.opened() as files:
        place = files.place
        paths = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
        return {path.name if path == place else path.relative_to(place).as_posix(): path.read_text() for path in paths}


EXPORT = {
    "submission_metadata.yml": DESCRIPTION,
    "submission_101/hw.ipynb": "a",
    "submission_101/more/notes.txt": "b",
    "submission_102/x.ipynb": "c",
    "submission_103/x.ipynb": "d",
}


def test_a_folder_or_a_notebook_is_a_submission(tmp_path):
    made(tmp_path, {"ada/hw.ipynb": "a", "bob.ipynb": "b", ".git/x.ipynb": "", "__MACOSX/x": "", "list.txt": ""})
    ada, bob = find_submissions(tmp_path)
    assert (ada.name, contents(ada)) == ("ada", {"hw.ipynb": "a"})
    assert (bob.name, contents(bob)) == ("bob", {"bob.ipynb": "b"})


@pytest.mark.parametrize("form", ["unpacked", "zip", "zip with a folder in it"])
def test_what_gradescope_exports(tmp_path, form):
    if form == "unpacked":
        place = made(tmp_path / "assignment_7_export", EXPORT)
    else:
        top = "assignment_7_export/" if "folder" in form else ""
        place = zipped(tmp_path / "export.zip", {top + name: text for name, text in EXPORT.items()})
    first, second, third = find_submissions(place)
    assert [each.name for each in (first, second, third)] == ["submission_101", "submission_102", "submission_103"]
    assert first.students == (
        Student("Ada L.", "ada@uni.example", "007"),
        Student("Bob", "bob@uni.example", ""),
    )
    assert (second.students, third.students) == ((Student("Cleo", "cleo@uni.example", "9"),), ())
    assert contents(first) == {"hw.ipynb": "a", "more/notes.txt": "b"}
    assert contents(second) == {"x.ipynb": "c"}


@pytest.mark.parametrize("start", ["", "submitted"])
def test_nbgraders_folders(tmp_path, start):
    made(
        tmp_path,
        {"submitted/ada/ps7/hw.ipynb": "a", "submitted/ada/ps6/hw.ipynb": "x", "submitted/bob/ps6/h.ipynb": ""},
    )
    (ada,) = find_submissions(tmp_path / start, "ps7")
    assert (ada.name, contents(ada)) == ("ada", {"hw.ipynb": "a"})


def test_a_digest_is_another_where_anything_has_changed(tmp_path):
    made(tmp_path, {"ada/hw.ipynb": "a", "ada/x.txt": "x"})
    (ada,) = find_submissions(tmp_path)
    before = ada.digest()
    assert ada.digest() == before
    (tmp_path / "ada" / "x.txt").rename(tmp_path / "ada" / "y.txt")
    renamed = ada.digest()
    (tmp_path / "ada" / "y.txt").write_text("y")
    assert len({before, renamed, ada.digest()}) == 3


def test_a_digest_in_a_zip_is_of_one_submission(tmp_path):
    first, second, _ = find_submissions(zipped(tmp_path / "a.zip", EXPORT))
    other, same, _ = find_submissions(zipped(tmp_path / "b.zip", EXPORT | {"submission_101/hw.ipynb": "z"}))
    assert first.digest() != other.digest()
    assert second.digest() == same.digest()


def test_nothing_is_unpacked_outside_of_its_folder(tmp_path):
    names = ["s/../../up", "s/../s2/up", "s//absolute", "s/a/b", "/etc/root"]
    handed = next(
        each for each in find_submissions(zipped(tmp_path / "a.zip", dict.fromkeys(names, "x"))) if each.name == "s"
    )
    assert set(contents(handed)) == {"absolute", "a/b"}


def test_links_and_bombs_in_a_zip(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        link = zipfile.ZipInfo("s/link.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("s/bomb.ipynb", b"0" * (MAX_BYTES + 1000))
    (handed,) = find_submissions(path)
    with handed.opened() as files:
        assert [(found.name, found.stat().st_size) for found in files.place.iterdir()] == [
            ("bomb.ipynb", MAX_BYTES + 1)
        ]
        assert files.notes == ("`s/link.ipynb` is a link or a special file and was left out",)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"x.txt": ""}, "no submission"),
        ({"submission_metadata.yml": "a: [", "s/x.ipynb": ""}, "not as Gradescope writes it"),
        ({"submission_metadata.yml": "- 1", "s/x.ipynb": ""}, "not as Gradescope writes it"),
    ],
)
def test_what_is_no_class_is_refused_with_the_reason(tmp_path, files, says):
    with pytest.raises(CollectionError, match=says):
        find_submissions(made(tmp_path, files))


def test_a_path_that_holds_no_class(tmp_path):
    with pytest.raises(CollectionError, match="no file or folder"):
        find_submissions(tmp_path / "x")
    (tmp_path / "hw.ipynb").write_text("{}")
    with pytest.raises(CollectionError, match="use `grade` for one notebook"):
        find_submissions(tmp_path / "hw.ipynb")
