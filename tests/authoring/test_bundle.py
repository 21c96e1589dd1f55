"""The zip for Gradescope: its content, and that it grades when it is laid out as on the platform."""

import subprocess
import sys
import zipfile

import msgspec
import pytest
from packaging.requirements import Requirement

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring.bundle import BundleError, build_bundle, unpack
from autograder.staff.commands.trial import try_out
from autograder.staff.course.policy import read_policy
from tests.projects import project_with


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return build_bundle(PS7, tmp_path_factory.mktemp("bundle") / "deep" / "gradescope.zip")


def test_it_holds_what_grading_needs_and_nothing_of_the_reference(bundle):
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        text = b"".join(archive.read(name) for name in names if name.endswith(".py"))
    assert {"setup.sh", "run_autograder", "config.toml", "Dockerfile", "constraints.txt", "requirements.txt"} < {*names}
    assert {
        f"autograder/ps7/{bank}.safetensors"
        for bank in (
            "student/banks/public",
            "staff/banks/hidden",
            "student/banks/public-pairs",
            "staff/banks/hidden-pairs",
        )
    } < {*names}
    assert not [name for name in names if name.startswith(("reference", "tests")) or name.endswith((".ipynb", ".pyc"))]
    for line in (PS7.project / "reference" / "clip.py").read_text(encoding="utf-8").splitlines():
        assert len(line) < 50 or line.encode() not in text


def test_the_same_project_gives_the_same_bytes(bundle, tmp_path):
    assert build_bundle(PS7, tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_its_requirements_are_pinned(bundle, tmp_path):
    unpack(bundle, tmp_path)
    source = tmp_path / "source"
    pinned = {
        Requirement(line).name for line in (source / "constraints.txt").read_text().splitlines() if line[0] != "#"
    }
    needed = {Requirement(line).name for line in (source / "requirements.txt").read_text().splitlines()}
    assert {"torch", "torchvision"} < needed
    assert needed <= pinned


@pytest.mark.parametrize("printed", [True, False])
def test_what_prints_is_installed_where_the_course_wants_pdfs(printed, tmp_path):
    project = project_with(tmp_path, {})
    (tmp_path / "gradescope").mkdir()
    (tmp_path / "gradescope" / "config.toml").write_text(f"pdf = {str(printed).lower()}")
    with zipfile.ZipFile(build_bundle(project, tmp_path / "gradescope.zip")) as archive:
        needed = {Requirement(line).name for line in archive.read("requirements.txt").decode().splitlines()}
    assert ({"plutoprint", "nh3"} <= needed) is printed


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_scripts_are_bash_that_can_be_run(bundle, tmp_path, script):
    unpack(bundle, tmp_path)
    assert subprocess.run(["bash", "-n", str(tmp_path / "source" / script)], check=False).returncode == 0
    with zipfile.ZipFile(bundle) as archive:
        assert archive.getinfo(script).external_attr >> 16 == 0o755


def test_outside_a_checkout_it_says_so(tmp_path):
    elsewhere = msgspec.structs.replace(PS7, project=tmp_path)
    with pytest.raises(BundleError, match="a checkout of the project"):
        build_bundle(elsewhere, tmp_path / "gradescope.zip")


def test_a_broken_trial_says_what_is_wrong(bundle, rubric):
    assert all("ended with" in row.wrong for row in try_out(bundle, PS7, rubric, python="/bin/false"))


@pytest.mark.slow
def test_it_grades_as_on_the_platform(bundle, rubric):
    rubric = read_policy(PS7.config).laid_over(rubric)
    rows = list(try_out(bundle, PS7, rubric, python=sys.executable))
    assert [row.notebook for row in rows] == ["solved", "blank", "hostile"]
    assert not [row for row in rows if row.wrong]
