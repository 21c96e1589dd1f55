"""Archives that nobody would make: no file lands outside, no exception comes out, and no student loses a row."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.staff.intake.budget import MOST_BYTES
from autograder.staff.intake.collection import CollectionError, collected
from autograder.staff.intake.naming import OURS, parts_of, row_part
from autograder.staff.intake.tree import is_junk
from autograder.student.submission.locating import MAX_BYTES

PARTS = st.one_of(
    st.sampled_from(
        [
            "ada",
            "ADA",
            "bob",
            "x.ipynb",
            "hw.ipynb",
            "..",
            ".",
            "",
            "C:",
            "con",
            "grades.csv",
            "class.html",
            "submitted",
        ]
    ),
    st.sampled_from(["a" * 300, "é" * 200, "journal.jsonl", "submission_1", "lovelace_1_2_ps7.ipynb", "__MACOSX", "~"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6),
)
NAMES = st.builds(
    lambda start, parts, joint: start + joint.join(parts),
    st.sampled_from(["", "/", "//", "../", "..\\", "./"]),
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from(["/", "//", "///", "\\"]),
)
KINDS = st.sampled_from([0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR])


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, kind in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.external_attr = (kind | 0o777) << 16
            archive.writestr(info, b"/etc/passwd")


def tarred(path, members):
    kinds = {stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFIFO: tarfile.FIFOTYPE, stat.S_IFDIR: tarfile.DIRTYPE}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kinds.get(kind, tarfile.REGTYPE)
            info.linkname = "/etc/passwd"
            info.size = 11 if info.isreg() else 0
            archive.addfile(info, io.BytesIO(b"/etc/passwd") if info.size else None)


def files_below(folder):
    """The archive, without the parts that depend on where it is written."""
    known = {path: path.lstat() for path in Path(folder).rglob("*")}
    return {path: (stat.S_IFMT(each.st_mode), each.st_size, each.st_mtime_ns) for path, each in known.items()}


@given(st.lists(st.tuples(NAMES, KINDS), min_size=1, max_size=6), st.sampled_from([zipped, tarred]))
@example([("ada///etc/any/where", stat.S_IFREG)], zipped)
@example([("s/a", 0), ("s/a/b", 0), ("s/a", 0)], zipped)
@example([("grades.csv", 0), ("submitted/ada/ada/ada", 0)], zipped)
@example([("submitted/__MACOSX", 0)], tarred)
def test_no_name_is_a_path_and_nobody_loses_a_row(tmp_path_factory, members, made):
    folder = tmp_path_factory.mktemp("hostile")
    made(folder / "class.zip", members)
    before = files_below(folder)
    expected = {row_part(parts_of(name)) for name, kind in members if not folders_name(name, kind, made)}
    expected = {name for name in expected if name and not is_junk(name)}
    try:
        with collected(folder / "class.zip") as handed:
            names = [each.name for each in handed]
            assert len({name.casefold() for name in names}) == len(names)
            assert not {name.casefold() for name in names} & OURS
            for each in handed:
                assert Path(each.name).parts == (each.name,)
                assert len(each.digest()) == 64
                with each.opened() as files:
                    for path, (kind, *_) in files_below(files.place).items():
                        assert path.resolve().is_relative_to(files.place.resolve())
                        assert kind in {stat.S_IFREG, stat.S_IFDIR}
                assert each.pieces
            assert len(handed) >= min(1, len(expected))
            rows = {piece.member.name for each in handed for piece in each.pieces if piece.member}
            lost = [n for n, k in members if row_of(n) in expected and not folders_name(n, k, made) and n not in rows]
            assert not lost or made is tarred  # this module writes names in its own way
    except CollectionError:
        assert not expected
    assert files_below(folder) == before


def row_of(name):
    return row_part(parts_of(name))


def folders_name(name, kind, made):
    return kind == stat.S_IFDIR if made is tarred else name.endswith("/")


@given(st.binary(max_size=400), st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b""]))
def test_bytes_that_are_no_archive_are_refused(tmp_path_factory, data, start):
    path = tmp_path_factory.mktemp("bytes") / "class.zip"
    path.write_bytes(start + data)
    with pytest.raises(CollectionError), collected(path):
        pass


@given(st.data())
def test_a_damaged_zip_costs_the_hand_ins_that_are_damaged(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("ada", "bob"):
            archive.writestr(f"{name}/hw.ipynb", bytes(range(256)) + b"x" * 200)
    raw = bytearray(content.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (folder / "class.zip").write_bytes(raw)
    try:
        with collected(folder / "class.zip") as handed:
            for each in handed:
                each.digest()
                with each.opened() as files:
                    assert files.place.exists()
    except CollectionError:
        pass


@pytest.mark.parametrize("suffix", ["gz", "xz", "bz2"])
def test_a_tar_that_is_packed(tmp_path, suffix):
    with tarfile.open(tmp_path / f"class.tar.{suffix}", f"w:{suffix}") as archive:
        for name in ("ada", "bob"):
            info = tarfile.TarInfo(f"{name}/hw.ipynb")
            info.size = 3
            archive.addfile(info, io.BytesIO(name.encode()))
    with collected(tmp_path / f"class.tar.{suffix}") as (ada, bob):
        assert (ada.name, bob.name) == ("ada", "bob")
        with ada.opened() as files:
            assert (files.place / "hw.ipynb").read_text() == "ada"
        assert ada.digest() != bob.digest()


def test_forty_bombs_are_cut_and_the_notebook_is_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"eve/a{number:02}.bin", b"\0" * MAX_BYTES)
        archive.writestr("eve/z.ipynb", b"{}")
    with collected(tmp_path / "class.zip") as (eve,), eve.opened() as files:
        sizes = {path.name: path.stat().st_size for path in files.place.iterdir()}
        assert sizes["z.ipynb"] == 2
        assert sum(sizes.values()) <= MOST_BYTES + 2**21
        assert any("unpacks to more than" in note for note in files.notes)


def test_a_file_that_is_said_to_be_long_costs_no_time(tmp_path):
    (tmp_path / "class" / "eve").mkdir(parents=True)
    with (tmp_path / "class" / "eve" / "hw.ipynb").open("wb") as file:
        file.truncate(200 * 2**30)
    with collected(tmp_path / "class") as (eve,):
        assert eve.digest() == eve.digest()


@pytest.mark.parametrize("packed", ["hw.zip", "hw.tar.gz", "ps7/hw.zip"])
def test_a_notebook_in_an_archive_of_the_students_own(tmp_path, packed):
    path = tmp_path / "class" / "ada" / packed
    path.parent.mkdir(parents=True)
    if packed.endswith("zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../../hw/ps7.ipynb", "lost")
            archive.writestr("hw/ps7.ipynb", "{}")
    else:
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo("hw/ps7.ipynb")
            info.size = 2
            archive.addfile(info, io.BytesIO(b"{}"))
    with collected(tmp_path / "class") as (ada,), ada.opened() as files:
        assert [file.read_text() for file in files.place.rglob("*.ipynb")] == ["{}"]


def test_links_on_the_disk_are_a_row_and_are_not_followed(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "hw.ipynb").write_text("{}")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "secret")
    (tmp_path / "class" / "ada.ipynb").write_text("{}")
    with collected(tmp_path / "class") as (ada, eve):
        assert (ada.name, eve.name) == ("ada", "eve")
        with eve.opened() as files:
            assert not list(files.place.iterdir())
            assert files.notes == ("`eve` is a link or a special file and was left out",)
