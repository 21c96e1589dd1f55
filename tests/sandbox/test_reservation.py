"""No two graders have the same user, and everything that a grader leaves is gone when the next one starts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.student.sandbox.host import SandboxError

if sys.platform != "linux":
    pytest.skip("guests have users on Linux alone", allow_module_level=True)

from autograder.student.sandbox import reservation
from autograder.student.sandbox.reservation import VARIABLE, Reservation

KILLED = """
import os, signal, sys
from pathlib import Path
from autograder.student.sandbox.reservation import Reservation
held = Reservation()
Path(held.folder, "left").mkdir()
print(held.folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    tmp_path.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_no_two_have_the_same_user(monkeypatch):
    monkeypatch.setenv(VARIABLE, "59100-59103")
    held = [Reservation() for _ in range(4)]
    assert sorted(each.user for each in held) == [59100, 59101, 59102, 59103]
    assert not {each.user for each in held} & {each.killer for each in held}
    with pytest.raises(SandboxError, match="all users of 59100-59103 are taken"):
        Reservation()
    held[2].close()
    again = Reservation()
    assert again.user == held[2].user
    for each in [*held, again]:
        each.close()


def test_nothing_is_left_behind(place):
    held, other = Reservation(), Reservation()
    Path(held.folder, "a", "b").mkdir(parents=True)
    held.close()
    held.close()
    assert not Path(held.folder).exists()
    assert Path(other.folder).exists()
    other.close()
    assert not list(place.iterdir())


def test_what_a_killed_grader_has_left_is_removed_by_the_next(place):
    living = Reservation()
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    left = Path(done.stdout.strip())
    assert Path(left, "left").exists()
    with_next = Reservation()
    assert not left.exists()
    assert Path(living.folder).exists()
    living.close()
    with_next.close()
    assert not list(place.iterdir())


def test_a_user_that_somebody_has_is_passed_over(monkeypatch):
    monkeypatch.setenv(VARIABLE, "59100-59101")
    monkeypatch.setattr(reservation, "_is_anybodys", lambda number: number == 59100)
    held = Reservation()
    assert held.user == 59101
    held.close()


@pytest.mark.parametrize("text", ["60000", "a-b", "5-4", "0-9", "-1", "1-99999999999"])
def test_a_range_that_is_none(text, monkeypatch):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(SandboxError, match=VARIABLE):
        Reservation()


def test_a_folder_that_others_can_write_is_refused(place):
    home = place / f"autograder-{os.getuid()}"
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(SandboxError, match="belongs to somebody else"):
        Reservation()
    home.rmdir()
    home.symlink_to("/")
    with pytest.raises(SandboxError, match="belongs to somebody else"):
        Reservation()


def test_what_cannot_be_removed_yet_is_passed_over(place, monkeypatch):
    monkeypatch.setenv(VARIABLE, "59100-59101")
    home = place / f"autograder-{os.getuid()}"
    (home / "59100").mkdir(parents=True)
    home.chmod(0o711)
    held = Reservation()
    assert held.user == 59101
    held.close()


def test_a_removal_that_takes_long_is_not_waited_for(monkeypatch, place):
    held = Reservation()
    monkeypatch.setenv("PATH", str(place))
    (place / "rm").write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    (place / "rm").chmod(0o755)
    Path(held.folder, "left").touch()
    held.remove(held.folder, 0.05)
    held._removals[0].kill()
    monkeypatch.undo()
    held.close()
