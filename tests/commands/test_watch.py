"""Waiting for a notebook to be saved, and checking it again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from autograder.ps7.student.assignment import PS7
from autograder.student.commands.watch import saved

ROOT = Path(__file__).parents[2]


def test_a_save_in_steps_is_one_save(tmp_path):
    path = tmp_path / "hw.ipynb"
    path.write_text("a")
    steps = [lambda: path.write_text("bb"), lambda: path.write_text("ccc"), *[lambda: None] * 3]
    slept = []

    def sleep(_):
        slept.append(1)
        steps.pop(0)()

    saves = saved(path, sleep)
    next(saves)
    assert not slept
    next(saves)
    assert path.read_text() == "ccc"
    assert len(slept) == 4  # a change, another one, and at rest


def test_a_file_that_is_replaced_or_away_for_a_moment(tmp_path):
    path = tmp_path / "hw.ipynb"
    path.write_text("a")
    other = tmp_path / "other"
    other.write_text("a")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    steps = [path.unlink, lambda: None, lambda: other.replace(path), lambda: None]
    saves = saved(path, lambda _: steps.pop(0)())
    next(saves)
    next(saves)
    assert not steps


def test_watching_checks_again_until_it_is_stopped(tmp_path):
    path = tmp_path / "hw.ipynb"
    shutil.copy(PS7.blank, path)
    out = tmp_path / "out"
    with out.open("w") as file:
        watcher = subprocess.Popen(
            [sys.executable, "-m", "autograder", "check", str(path), "encoder", "--watch"],
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )

    def wait_for(words):
        deadline = time.monotonic() + 60
        while words not in " ".join(out.read_text().split()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert words in " ".join(out.read_text().split())

    try:
        wait_for("0 of 0.7 points, in")
        wait_for("is saved again. Press Ctrl-C to stop.")
        shutil.copy(PS7.solution, path)
        wait_for("0.7 of 0.7 points, in")
        path.write_text("{ half a notebook")
        wait_for("that file.")
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(30) == 1
    finally:
        watcher.kill()
        watcher.wait()
    assert "Traceback" not in out.read_text()
