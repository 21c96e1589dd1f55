"""A class graded by a real Dask scheduler and its workers, one of which is killed meanwhile."""

import csv
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autograder.staff.authoring import frames
from tests.notebooks import alone

pytest.importorskip("distributed")
if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

COMMAND = Path(sys.executable).with_name("ps7")
DASK = [sys.executable, "-m", "dask"]
NAMES = ("ada", "bob", "cleo", "dora")


def started(folder, name, *command):
    """The process, and the address that it prints."""
    said = folder / name
    with said.open("wb") as file:
        process = subprocess.Popen([*DASK, *command], stderr=file, stdout=file, cwd=folder, start_new_session=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"(?:Scheduler|Registered to|Start worker) at:\s+(tcp://\S+)", said.read_text()):
            return process, found[1]
        time.sleep(0.1)
    raise AssertionError(said.read_text())


@pytest.fixture
def scheduler(tmp_path):
    process, address = started(
        tmp_path, "scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"
    )
    yield address
    process.kill()
    process.wait()


@pytest.fixture
def workers(tmp_path, scheduler):
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path)]
    processes = [started(tmp_path, name, "worker", scheduler, *options)[0] for name in ("one", "two")]
    yield processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def submissions(tmp_path):
    solved = frames.text(alone("encoder", "solution"))
    for name in NAMES:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "hw.ipynb").write_text(solved, encoding="utf-8")
    return tmp_path / "in"


def batch(submissions, out, address):
    command = [COMMAND, "batch", submissions.name, "--out", out, "--scheduler", address]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=submissions.parent)


@pytest.mark.slow
def test_nothing_is_lost_with_a_worker(submissions, scheduler, workers, tmp_path):
    running = batch(submissions, tmp_path / "out", scheduler)
    assert "1 of 4" in running.stderr.readline()
    workers[0].kill()
    said = running.communicate(timeout=200)[1]
    assert running.returncode == 0, said
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig") as file:
        assert {row["submission"]: float(row["score"]) for row in csv.DictReader(file)} == dict.fromkeys(NAMES, 1.0)


SBATCH = """#!/bin/sh
cp "$1" "$1.copy"
setsid sh "$1.copy" > "$0.said" 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
kill -TERM -- "-$1"
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The commands of Slurm that dask-jobqueue calls: a job is a process of this machine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("DASK_JOBQUEUE__SLURM__SCHEDULER_OPTIONS", '{"host": "127.0.0.1"}')
    monkeypatch.setenv("DASK_JOBQUEUE__SLURM__LOCAL_DIRECTORY", str(tmp_path))


def test_jobs_of_slurm_grade_and_end(submissions, slurm, tmp_path):
    pytest.importorskip("dask_jobqueue")
    command = [COMMAND, "batch", submissions.name, "--out", tmp_path / "out", "--slurm", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8-sig") as file:
        assert {row["submission"]: float(row["score"]) for row in csv.DictReader(file)} == dict.fromkeys(NAMES, 1.0)
    deadline = time.monotonic() + 20
    while left := [each for each in psutil.process_iter() if str(tmp_path) in " ".join(command_of(each))]:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def command_of(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_where_there_is_no_slurm_that_is_said(submissions, tmp_path):
    pytest.importorskip("dask_jobqueue")
    command = [COMMAND, "batch", submissions.name, "--out", tmp_path / "out", "--slurm", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 2
    assert "no Slurm on this machine" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_without_workers_says_how_to_start_some(submissions, scheduler, tmp_path):
    running = batch(submissions, tmp_path / "out", scheduler)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 2
    assert f"dask worker {scheduler} --nthreads 1" in said


def test_a_scheduler_that_is_not_there_is_named(submissions, tmp_path):
    running = batch(submissions, tmp_path / "out", "tcp://127.0.0.1:9")
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in said
    assert "Traceback" not in said
