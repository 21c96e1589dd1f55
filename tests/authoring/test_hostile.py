"""The hostile corpus, graded for real: no points are forged, nothing is lost, nothing is left behind, and it ends in
time."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.hostile import attacks, hand_ins
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode, encode, from_verdicts
from autograder.student.program import Submission
from autograder.student.sandbox.reservation import REMOVE
from autograder.student.sandbox.starting import start
from tests.sandbox.unprivileged import WITHOUT
from tests.tiers import few, slow_but

if sys.platform != "linux":
    pytest.skip("only Linux confines anything", allow_module_level=True)

RUBRIC = load(PS7)
FOLDER = PS7.corpus / "hostile"
ATTACKS = {attack.name: attack for attack in attacks(FOLDER)}
HAND_INS = {case.name: case for case in hand_ins(FOLDER)}
SECONDS = 4.0
GRACE = 10.0


def some_of_each_promise(cases):
    """Cases that need not wait for the harm, three for each promise; tests/sandbox tries each layer by itself."""
    promises = {}
    for name, case in cases.items():
        if not case.expected.slow:
            promises.setdefault(case.expected.promise, []).append(name)
    return slow_but(cases, few(promises, 3))


@pytest.fixture(scope="module")
def confined():
    with start(RUBRIC.environment) as sandbox:
        if absent := sandbox.lacking.keys() - os.environ.get(WITHOUT, "").split():
            pytest.skip(f"this machine does not offer {', '.join(absent)}")
        yield sandbox


@pytest.fixture(scope="module")
def bank():
    return PS7.bank()


@pytest.mark.parametrize("name", some_of_each_promise(ATTACKS))
def test_an_attack_costs_what_it_is_worth(name, confined, bank):
    attack = ATTACKS[name]
    expected = attack.expected
    neighbour = "projection_head" if expected.item != "projection_head" else "encoder"
    items = tuple(RUBRIC.item(each) for each in (expected.item, neighbour))
    rubric = msgspec.structs.replace(RUBRIC, items=items)
    notebook = attack.notebook(PS7, RUBRIC)
    guests = len({case.probes for case in items[0].cases.values()})
    started = time.monotonic()
    verdicts = {}
    clock = Clock(Limits(item=SECONDS))
    for item, each in grade(Submission.of(notebook), rubric, bank, confined, clock):
        verdicts[item.name] = each
        if item.name == expected.item:
            assert time.monotonic() - started < guests * SECONDS + GRACE
        assert not confined.guests()
    scores = {item: sum(each.score for each in own) for item, own in verdicts.items()}
    attacked = items[0]
    assert scores[neighbour] == items[1].points
    assert (scores[attacked.name] < attacked.points) == expected.loses_marks, texts(verdicts[attacked.name])
    results = from_verdicts([each for own in verdicts.values() for each in own])
    assert decode(encode(results)) == results
    said = texts(verdicts[attacked.name])
    for words in expected.says:
        assert words in said
    visible = texts(each for each in verdicts[attacked.name] if each.visibility == "visible")
    for words in expected.never_says:
        assert words not in visible
    assert not re.search(r"[<>]", re.sub(r"`[^`\n]*`|->", "", said))
    assert max(len(each.message) for each in verdicts[attacked.name]) < 4_000
    # Deep folders are removed while grading goes on.
    deadline = time.monotonic() + 2 * GRACE
    while (left := left_in(confined.reservation.folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submission"
    made.mkdir()
    yield made
    subprocess.run([*REMOVE, made], check=True)  # no recursion can count deep folders


@pytest.mark.parametrize("name", some_of_each_promise(HAND_INS))
def test_what_is_handed_in_is_read_and_nothing_of_it_is_run(name, folder, tmp_path):
    """As an instructor would grade it, from inside the folder."""
    case, out, mark = HAND_INS[name], tmp_path / "results.json", tmp_path / "mark"
    case.make(folder, nbformat.writes(frames.generate(PS7, "solution")).encode(), mark)
    command = [Path(sys.executable).with_name("ps7"), "grade", folder, "--out", out]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()
    results = decode(out.read_bytes())
    assert results.score == case.expected.score
    said = "\n\n".join([results.output, *(test.output for test in results.tests)])
    for words in case.expected.says:
        assert words in said
    for words in case.expected.never_says:
        assert words not in said
    assert "<" not in re.sub(r"`[^`\n]*`|\]\(<#[^>\n]*>\)", "", said)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ATTACKS if name.startswith("use-")])
def test_a_neighbour_on_the_same_machine_keeps_its_marks_and_half_of_its_speed(name, confined, bank):
    attack, solved = ATTACKS[name], frames.submission(PS7, "solution")
    attacked, honest = (RUBRIC.only([item]) for item in (attack.expected.item, "train_classifier"))
    with start(RUBRIC.environment) as other:

        def seconds():
            started = time.monotonic()
            [(item, verdicts)] = grade(Submission.of(solved), honest, bank, other, Clock(Limits()))
            assert sum(verdict.score for verdict in verdicts) == item.points
            return time.monotonic() - started

        seconds()
        alone = min(seconds() for _ in range(2))
        attacking = threading.Thread(
            target=lambda: list(
                grade(Submission.of(attack.notebook(PS7, RUBRIC)), attacked, bank, confined, Clock(Limits(item=15)))
            )
        )
        attacking.start()
        time.sleep(1)
        beside = [seconds()]
        if attacking.is_alive():  # as often as alone: other tests use the machine, too
            beside.append(seconds())
        attacking.join()
    assert min(beside) < 2 * alone + 0.5


def left_in(folder):
    return {each.name for each in Path(folder).iterdir()} - {"zygote"}


def texts(verdicts):
    return "\n\n".join(verdict.message for verdict in verdicts)


def test_every_promise_of_the_page_names_the_attacks_that_try_it():
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (.+)\n((?:.*\n)*?)(?=^#|\Z)", page, re.MULTILINE))
    cases = {**ATTACKS, **HAND_INS}
    for name, case in cases.items():
        assert f"`{name}`" in sections[case.expected.promise], name
    listed = re.findall(r"^\| `([a-z-]+)` \|", page.partition("## What is promised")[2], re.MULTILINE)
    assert sorted(listed) == sorted(cases)


def test_the_corpus_is_as_large_as_it_has_to_be():
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize("name", ["reach-judge", "reach-rubric"])
def test_without_layers_an_attack_reaches_what_it_aims_at(name, bank):
    rubric = RUBRIC.only(["encoder"])
    with start(RUBRIC.environment, "none") as unconfined:
        [(item, verdicts)] = grade(
            Submission.of(ATTACKS[name].notebook(PS7, RUBRIC)), rubric, bank, unconfined, Clock(Limits())
        )
    assert sum(verdict.score for verdict in verdicts) < item.points
