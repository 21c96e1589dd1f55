"""No guest holds code that solves an item: a looter searches everything that its process can see, and may not earn more
than a stub."""

import pytest

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Raised, Reply
from autograder.ps7.staff.reproduction import measuring, weights
from autograder.ps7.staff.reproduction.measuring import Budget, Stopped, Training
from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.datasets.archive import Dataset
from autograder.student.grading.examination import Clock, Limits, sliced
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import load
from autograder.student.program import Submission, outline, program_for
from autograder.student.sandbox.starting import start
from tests.late import Late
from tests.notebooks import notebook
from tests.ps7.small import small_dataset
from tests.tiers import slow_but

safetensors = Late("safetensors.numpy")

RUBRIC = load(PS7)
PROBED = [item for item in RUBRIC.items if item.probes]
LOOTER, HAND_IN = ((PS7.corpus / "looter" / name).read_text(encoding="utf-8") for name in ("looter.py", "hand_in.py"))
CLASSES = ("encoder", "decoder", "projection_head", "clip_model")
GUESTS = {
    f"{item.name}-{name}-{when}": (item, case, when)
    for item in PROBED
    for name, case in item.cases.items()
    if case.bank == "public" and not case.probes
    for when in ("made", "called")
    if (when == "called" and case.probe not in ("construction", "made")) or (when == "made" and item.name in CLASSES)
}
FIRST = {(item.name, case.probe, when): guest for guest, (item, case, when) in reversed(GUESTS.items())}.values()
"""One case of each probe. The others differ only in numbers."""


def looting(how: str, *, reads: bool = True):
    """The looter's notebook; `how` is as in hand_in.py, `reads`: whether it searches files."""
    return notebook("import torch\nfrom torch import nn", LOOTER, f"LOOTING = {how!r}\nREADS = {reads}", HAND_IN)


@pytest.fixture(scope="module")
def bare():
    """A sandbox that confines nothing. In a checkout it can read all of the project's files, as the user who starts it
    can."""
    with start(RUBRIC.environment, "none") as started:
        yield started


@pytest.mark.parametrize("guest", slow_but(GUESTS, FIRST))
@pytest.mark.parametrize("kind", ["sandbox", "bare"])
def test_nothing_in_the_process_fits(guest, kind, request):
    item, case, when = GUESTS[guest]
    program = sliced(program_for(outline(looting(when, reads=kind == "sandbox")), item.needs))
    with request.getfixturevalue(kind).open(item.probes, program, 90.0) as session:
        assert isinstance(session.loaded, Reply)
        assert session.loaded.facts["failures"] == []
        outcome = session.ask(case.probe, case.arguments)
    assert isinstance(outcome, Raised)
    assert outcome.text == "looted: nothing"


@pytest.fixture(scope="module")
def training(tmp_path_factory, sandbox):
    """Cases of a notebook that reports what it finds when its code is defined or called."""

    def training(when):
        return Training(
            dataset=Dataset(small_dataset(tmp_path_factory.mktemp("data") / "small.zip")),
            program=sliced(program_for(outline(looting(when)), [name for item in PROBED for name in item.needs])),
            sandbox=sandbox,
            budget=Budget(autoencoder=1, linear=1, supervised=1, clip=1, probe=1),
            seed=1,
            seconds=90,
        )

    return training


@pytest.mark.parametrize("when", ["made", "called"])
@pytest.mark.parametrize("measure", [measuring.methods, measuring.clip], ids=["methods", "clip"])
def test_nor_does_anything_where_it_is_trained(measure, when, training):
    with pytest.raises(Stopped) as stopped:
        measure(training(when))
    assert isinstance(stopped.value.outcome, Raised)
    assert stopped.value.outcome.text == "looted: nothing"


def test_nor_where_its_weights_are_read(training, tmp_path):
    safetensors.save_file({"encoder.weight": Late("numpy").zeros(3)}, tmp_path / "ae.safetensors")
    with pytest.raises(Stopped) as stopped:
        weights.recompute(training("made"), [tmp_path / "ae.safetensors"])
    assert stopped.value.outcome.text == "looted: nothing"


@pytest.mark.parametrize("kind", ["sandbox", "bare"])
def test_nor_in_the_rehearsal(kind, request):
    """A statement may take three seconds there."""
    case = RUBRIC.item("train_classifier").cases["methods"]
    begun = (
        "import threading\nsaid = []\nlooter = threading.Thread(target=lambda: said.append(report()))\nlooter.start()"
    )
    waited = ["looter.join(2.5)"] * 6
    text = f"{LOOTER}\n\nREADS = {kind == 'sandbox'}"
    read = outline(notebook("import torch\nfrom torch import nn", text, begun, *waited, "raise RuntimeError(said[0])"))
    program = [Source(each.cell, each.line, each.source, tuple(sorted(each.binds))) for each in read.statements]
    with request.getfixturevalue(kind).open(case.probes, program, 90.0) as session:
        failures = session.ask(case.probe, {}).facts["failures"]
    assert [failure["text"] for failure in failures] == ["nothing"]


def test_it_earns_no_more_than_a_stub(sandbox):
    bank = PS7.bank()
    rubric = RUBRIC.only([item.name for item in PROBED])

    def points(how):
        graded = grade(Submission.of(looting(how)), rubric, bank, sandbox, Clock(Limits()))
        return {item.name: sum(verdict.score for verdict in verdicts) for item, verdicts in graded}

    assert points("hand in") == points("")
