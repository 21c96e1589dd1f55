"""A class at once: each submission is graded as by itself, whatever the others do and however often the batch is
killed."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.hostile import attacked, attacks
from autograder.staff.classes.batch import Settings, grade_all, has_failed
from autograder.staff.classes.cluster import local_workers
from autograder.staff.intake.collection import find_submissions
from autograder.student.grading.examination import Limits
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode
from tests.notebooks import alone

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

RUBRIC = load(PS7)
COMMAND = Path(sys.executable).with_name("ps7")
NAMES = ("ada", "bob", "cleo", "dora", "emil")


def batch(folder, out, *options, code=0, workers=1):
    command = [COMMAND, "batch", folder, "--out", out, "--workers", str(workers), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def table(out):
    with (out / "grades.csv").open(encoding="utf-8-sig") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def put(folder, name, text):
    (folder / name).mkdir(parents=True)
    (folder / name / "hw.ipynb").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def solved():
    return frames.text(alone("encoder", "solution"))


@pytest.fixture(scope="module")
def blank():
    return frames.text(alone("encoder", "template"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, solved, blank):
    made = tmp_path_factory.mktemp("class")
    for name in NAMES[:3]:
        put(made, name, solved if name != "bob" else blank)
    (made / "dora").mkdir()
    return made


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """The results of a batch that nothing disturbs."""
    out = tmp_path_factory.mktemp("grades")
    batch(folder, out)
    return out


def test_each_has_its_grade_results_and_page(whole):
    rows = table(whole)
    assert {name: row["score"] for name, row in rows.items()} == {"ada": "1", "bob": "0", "cleo": "1", "dora": "0"}
    assert "holds no notebook" in rows["dora"]["problem"]
    for name in rows:
        assert decode((whole / name / "results.json").read_bytes()).score == float(rows[name]["score"])
        assert (whole / name / "report.html").read_text().startswith("<!doctype html>")


def test_the_class_has_a_page_with_and_without_names(whole, folder):
    named = (whole / "class.html").read_text()
    assert all(f">{name}<" in named for name in NAMES[:4])
    assert "mistake:encoder-not-started" in named
    said = json.loads(batch(folder, whole, "--json", "--anonymous").stdout)
    nameless = (whole / "class.html").read_text()
    assert said["page"] == str(whole / "class.html")
    assert not [name for name in NAMES[:4] if re.search(rf"\b{name}\b", nameless)]
    assert "mistake:encoder-not-started" in nameless


@pytest.mark.parametrize("name", ["bob", "cleo"])
def test_the_verdicts_are_those_of_grading_one(whole, folder, tmp_path, name):
    """Cleo has handed in Ada's code, whose answers are known by then."""
    out = tmp_path / "results.json"
    subprocess.run([COMMAND, "grade", folder / name, "--out", out], check=True, capture_output=True)
    alone, among = decode(out.read_bytes()), decode((whole / name / "results.json").read_bytes())
    assert alone.tests == among.tests
    assert among.extra_data["memory_mb"] == pytest.approx(alone.extra_data["memory_mb"], rel=0.1)


def test_what_is_done_is_not_graded_again_but_where_files_have_changed(whole, tmp_path, solved, blank):
    for name in NAMES[:2]:
        put(tmp_path / "class", name, blank)
    out = tmp_path / "out"
    batch(tmp_path / "class", out)
    before = {name: (out / name / "results.json").stat().st_mtime_ns for name in NAMES[:2]}
    (tmp_path / "class" / "ada" / "hw.ipynb").write_text(solved, encoding="utf-8")
    said = json.loads(batch(tmp_path / "class", out, "--json").stdout)
    assert (said["graded"], said["failed"]) == (0, 0)
    assert json.loads(batch(tmp_path / "class", out, "--json", "--regrade", "changed").stdout)["graded"] == 1
    assert {name: row["score"] for name, row in table(out).items()} == {"ada": "1", "bob": "0"}
    assert (out / "bob" / "results.json").stat().st_mtime_ns == before["bob"]


def test_some_alone(folder, tmp_path):
    batch(folder, tmp_path, "--only", "d*")
    problems = {name: row["problem"] for name, row in table(tmp_path).items()}
    assert "holds no notebook" in problems.pop("dora")
    assert set(problems.values()) == {"not graded"}
    done = batch(folder, tmp_path, "--only", "zoe", code=2)
    assert "no submission is named zoe" in done.stderr


def test_where_nothing_can_be_written(folder, tmp_path):
    (tmp_path / "out").write_text("")
    assert "cannot be written" in batch(folder, tmp_path / "out", "--only", "dora", code=2).stderr


def killed(folder, out, seconds):
    """Starts a batch and kills it after a while; returns whether it was still at work."""
    command = [COMMAND, "batch", folder, "--out", out, "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while (left := [each for each in below if lives(each)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left
        return True
    return False


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_a_batch_that_is_killed_goes_on_where_it_was(times, whole, folder, tmp_path):
    moments = random.Random(times)
    deaths = sum(killed(folder, tmp_path, moments.uniform(1.0, 3.0)) for _ in range(times))
    assert deaths
    batch(folder, tmp_path)
    assert (tmp_path / "grades.csv").read_bytes() == (whole / "grades.csv").read_bytes()


def test_a_worker_that_dies_is_replaced_and_nothing_is_lost(folder):
    settings = Settings(assignment=PS7, rubric=RUBRIC, limits=Limits())
    victims = []

    def kill():
        deadline = time.monotonic() + 60
        while not victims and time.monotonic() < deadline:
            time.sleep(0.05)
            for child in psutil.Process().children():
                if "spawn_main" in " ".join(child.cmdline()) and child.children():  # it has begun
                    os.kill(child.pid, signal.SIGKILL)
                    victims.append(child.pid)
                    break

    killer = threading.Thread(target=kill)
    killer.start()
    graded = {
        each.name: results for each, results in grade_all(find_submissions(folder), settings, partial(local_workers, 2))
    }
    killer.join()
    assert victims
    assert {name: results.score for name, results in graded.items()} == {"ada": 1, "bob": 0, "cleo": 1, "dora": 0}
    assert not any(map(has_failed, graded.values()))


@pytest.mark.parametrize(
    "name",
    [
        "exit-kills-everyone",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("exit-stops-everyone", "use-fork-bomb")),
    ],
)
def test_one_that_means_harm_costs_nobody_else(name, tmp_path):
    attack = next(each for each in attacks(PS7.corpus / "hostile") if each.name == name)
    item = RUBRIC.item(attack.expected.item)
    put(tmp_path / "class", "eve", frames.text(attacked(PS7, item, attack.source)))
    for neighbour in ("ada", "frank", "zoe"):
        put(tmp_path / "class", neighbour, frames.text(frames.generate(PS7, "solution")))
    batch(tmp_path / "class", tmp_path / "out", workers=2)
    scores = {name: float(row["score"]) for name, row in table(tmp_path / "out").items()}
    lost = item.points if attack.expected.loses_marks else 0
    assert scores == {"ada": 10, "frank": 10, "zoe": 10, "eve": 10 - lost}
