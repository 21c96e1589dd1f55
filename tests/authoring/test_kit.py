"""What students are given: the public checks without anything of the solution."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import msgspec
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring.frames import FrameError
from autograder.staff.authoring.kit import KitError, build_kit
from autograder.staff.authoring.misconceptions import Misconception
from autograder.student.grading.rubric import Rubric, decode
from tests.projects import project_with

TELLING = 40
"""Lines of this length do not occur elsewhere by chance."""


@pytest.fixture(scope="module")
def kit(tmp_path_factory, rubric):
    folder = tmp_path_factory.mktemp("kit")
    return folder, list(build_kit(PS7, folder / "student"))


@pytest.fixture(scope="module")
def unpacked(kit):
    folder, (_, wheel, *_) = kit
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def lines_of(text):
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= TELLING}


def test_it_is_a_notebook_a_wheel_what_installs_it_and_a_page(kit):
    _, (notebook, wheel, installer, page) = kit
    assert notebook.read_bytes() == PS7.blank.read_bytes()
    assert installer.name == "install.py"
    assert "python3 install.py" in page.read_text(encoding="utf-8")
    assert f'install "{wheel.name}[pdf]"' in page.read_text(encoding="utf-8")


def test_no_hidden_bank_and_no_hidden_case(unpacked, rubric):
    banks = {f"{name}.{half}" for name in ("public", "public-pairs") for half in ("json", "safetensors")}
    assert {path.name for path in unpacked.rglob("banks/*")} == banks
    public = decode(unpacked / "autograder" / "ps7" / "student" / "rubric.toml")
    assert all(case.bank == "public" for item in public.items for case in item.cases.values())
    hidden = {
        f"{item.name}.{name}" for item in rubric.items for name, case in item.cases.items() if case.bank == "hidden"
    }
    text = b"".join(path.read_bytes() for path in unpacked.rglob("*.*") if path.suffix in (".json", ".toml"))
    assert hidden
    assert not [name for name in hidden if f'"{name}"'.encode() in text]
    seeds = {case.arguments["seed"] for item in rubric.items for case in item.cases.values() if case.bank == "hidden"}
    assert not [seed for seed in seeds if re.search(rf"\b{seed}\b".encode(), text)]


def test_nothing_of_the_solution(unpacked):
    text = "\n".join(path.read_text(encoding="utf-8") for path in unpacked.rglob("*.py"))
    mine = lines_of(text) | lines_of((unpacked / "autograder/ps7/student/rubric.toml").read_text(encoding="utf-8"))
    for source in (PS7.project / "reference").glob("*.py"):
        theirs = lines_of(source.read_text(encoding="utf-8"))
        assert not {line for line in theirs & mine if not line.startswith(("from ", "import ", '"""', "def ", "#"))}
    assert not [path for path in unpacked.rglob("*") if path.name in ("reference", "staff")]


LOOTED = """
import contextlib, os, pkgutil, sys
sys.path[:] = [sys.argv[1], *(path for path in sys.path if not os.path.exists(os.path.join(path, "reference")))]
import autograder
assert autograder.__file__.startswith(sys.argv[1])
for module in pkgutil.walk_packages(autograder.__path__, "autograder."):
    if not module.name.endswith("__main__"):
        with contextlib.suppress(ImportError):
            __import__(module.name)
names = {"__name__": "__main__", "READS": True, "LOOTING": ""}
exec(compile("import torch\\nfrom torch import nn\\n" + open(sys.argv[2]).read(), "code cell 1", "exec"), names)
os.write(int(sys.argv[3]), names["report"]().encode())
"""


def test_nothing_in_the_wheel_solves_an_item(unpacked, tmp_path):
    """The looter has all modules of the kit imported, and tries everything that they hold."""
    read, write = os.pipe()
    command = [sys.executable, "-c", LOOTED, str(unpacked), str(PS7.corpus / "looter" / "looter.py"), str(write)]
    done = subprocess.run(command, cwd=tmp_path, pass_fds=[write], capture_output=True, timeout=120, check=False)
    os.close(write)
    assert os.read(read, 10_000).decode() == "nothing", done.stderr.decode()[-2000:]
    os.close(read)


def test_no_misconceptions_way_back_to_the_solution(unpacked):
    everything = "\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in unpacked.rglob("*") if path.is_file()
    )
    for path in (PS7.reference / "misconceptions").glob("*.toml"):
        for slug, each in msgspec.toml.decode(path.read_bytes(), type=dict[str, Misconception]).items():
            for edit in each.edits:
                assert len(edit.old) < TELLING or edit.old not in everything, slug


def test_the_same_project_gives_the_same_wheel(kit, rubric, tmp_path):
    _, (_, wheel, *_) = kit
    _, again, *_ = build_kit(PS7, tmp_path)
    assert again.read_bytes() == wheel.read_bytes()


def test_it_has_check_alone_and_checks(unpacked, tmp_path):
    def ps7(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "autograder", *map(str, arguments)],
            env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin", "COLUMNS": "100"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert ps7("grade", PS7.solution).returncode == 2
    right, blank = ps7("check", PS7.solution, "encoder", "retrieve_images"), ps7("check", PS7.blank, "encoder")
    assert (right.returncode, blank.returncode) == (0, 1), right.stdout + right.stderr
    assert "still the template's blank" in " ".join(blank.stdout.split())


def test_outside_a_checkout_it_says_so(rubric, tmp_path):
    elsewhere = msgspec.structs.replace(PS7, project=tmp_path)
    with pytest.raises((KitError, FrameError), match=r"cannot be read|a checkout of the project"):
        list(build_kit(elsewhere, tmp_path / "kit"))


def test_the_points_that_the_course_decides_reach_notebook_and_checks(tmp_path):
    project = project_with(tmp_path, {})
    (tmp_path / "gradescope").mkdir()
    (tmp_path / "gradescope" / "config.toml").write_text("[points]\nencoder = 5\ndecoder = 0")
    shutil.copytree(PS7.folder, tmp_path / "autograder" / "ps7", ignore=shutil.ignore_patterns("*.zip"))
    project = msgspec.structs.replace(project, folder=tmp_path / "autograder" / "ps7")
    notebook, wheel, *_ = build_kit(project, tmp_path / "kit")
    text = notebook.read_text(encoding="utf-8")
    assert "The encoder (5 points)" in text
    assert "The decoder (0 points)" in text
    with zipfile.ZipFile(wheel) as archive:
        public = msgspec.toml.decode(archive.read("autograder/ps7/student/rubric.toml"), type=Rubric)
    assert public.item("encoder").points == pytest.approx(5 * 0.7)
    assert public.item("decoder").points == 0


def test_a_kit_that_cannot_be_made_leaves_the_old_one(kit, tmp_path):
    project = project_with(tmp_path, {"student_template/ps7.py": '# %% source="reference.autoencoder:Lost"\n'})
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "old.whl").write_text("of last week")
    with pytest.raises(FrameError):
        list(build_kit(project, tmp_path / "kit"))
    assert [path.name for path in (tmp_path / "kit").iterdir()] == ["old.whl"]
