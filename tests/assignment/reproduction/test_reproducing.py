import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from autograder.assignment.datasets.archive import Dataset
from autograder.assignment.datasets.exhibits import CROP
from autograder.assignment.datasets.finding import COMPOSED
from autograder.assignment.files import PS7
from autograder.assignment.reproduction import findings, measuring
from autograder.assignment.reproduction.calibrating import Run, calibration_of
from autograder.assignment.reproduction.findings import Reproduction
from autograder.assignment.reproduction.measuring import (
    ADVANTAGE,
    LEANS_ON,
    Budget,
    Measured,
    Stopped,
    Training,
    accuracy,
)
from autograder.assignment.reproduction.proportions import interval
from autograder.assignment.reproduction.submitted import Recomputed
from autograder.authoring import frames
from autograder.grading.bank import Bank
from autograder.grading.examination import Clock, Limits
from autograder.grading.grade import grade
from autograder.grading.reproduction import Subject
from autograder.grading.rubric import load
from autograder.program import outline
from autograder.sandbox.outcomes import Ended, Fault, Raised, Reply
from autograder.submission.notebook import Notebook
from tests.assignment.small import small_dataset

TINY = Budget(autoencoder=1, linear=1, supervised=1, clip=1, probe=2)
FIGURES = {
    "report_ae": {"method_1": 0.3, "method_2": 0.42, "method_3": 0.2, ADVANTAGE: 0.1},
    "report_clip": {"clip": 0.79, "retrieval": 0.98},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return Dataset(small_dataset(tmp_path_factory.mktemp("data") / "small.zip"))


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.read(("public", "hidden"), PS7.banks)


@pytest.fixture(scope="module")
def solution() -> Notebook:
    return frames.submission(PS7, "solution")


@pytest.fixture
def reproduction(dataset) -> Reproduction:
    """With bands around FIGURES."""
    done = [
        Run(
            item=item,
            seed=seed,
            measured=Measured({name: value + 0.001 * (seed - 6) for name, value in known.items()}, {}),
            units=20.0,
        )
        for item, known in FIGURES.items()
        for seed in range(12)
    ]
    return Reproduction(dataset, calibration_of(dataset, TINY, done))


def edited(notebook: Notebook, old: str, new: str) -> Notebook:
    cells = tuple(msgspec.structs.replace(cell, source=cell.source.replace(old, new)) for cell in notebook.cells)
    assert cells != notebook.cells
    return msgspec.structs.replace(notebook, cells=cells)


def subject(notebook, bank, sandbox, *, wrong=(), seconds=300.0) -> Subject:
    return Subject(
        notebook=notebook,
        outline=outline(notebook),
        rubric=load(PS7.rubric, LEANS_ON),
        bank=bank,
        sandbox=sandbox,
        clock=Clock(Limits(total=seconds)),
        wrong=wrong,
    )


def training(dataset, program, sandbox, **others) -> Training:
    usual = {"budget": TINY, "seed": 1, "seconds": 100}
    return Training(dataset=dataset, program=program, sandbox=sandbox, **usual | others)


def measured_as(monkeypatch, **figures: float) -> None:
    monkeypatch.setattr(findings, "MEASURES", dict.fromkeys(LEANS_ON, lambda *_, **__: Measured(figures, {})))


class TestMeasuring:
    """Real training in a real guest, on a few images."""

    def test_the_methods(self, dataset, bank, sandbox, solution):
        said = []
        program = subject(solution, bank, sandbox).program(LEANS_ON["report_ae"])
        reached = measuring.methods(training(dataset, program, sandbox, say=said.append))
        assert {*reached.figures} == {*FIGURES["report_ae"]}
        assert all(0 <= reached.figures[name] <= 1 for name in measuring.METHODS)
        assert len(reached.trajectories["autoencoder"]) == 1
        assert said[-1] == "training Method III (1 epochs)"

    def test_there_is_something_to_look_at(self, dataset, bank, sandbox, solution):
        program = subject(solution, bank, sandbox).program((*LEANS_ON["report_ae"], *LEANS_ON["report_clip"]))
        (photos,) = measuring.methods(training(dataset, program, sandbox, pictured=True)).pictures
        assert [strip.label for strip in photos.strips] == ["test images", "yours"]
        found, matrix = measuring.clip(training(dataset, program, sandbox, pictured=True)).pictures
        assert [strip.label for strip in found.strips] == [*dataset.about.queries]
        assert len(matrix.labels) == len({*matrix.labels}) == len(matrix.values) > 2
        with Image.open(io.BytesIO(found.strips[0].jpeg)) as picture:
            assert picture.size == (CROP * measuring.RETRIEVED, CROP)

    def test_what_cannot_be_shown_costs_nothing(self, dataset, bank, sandbox, solution):
        old = "class Decoder(nn.Module):"
        blind = edited(
            solution,
            old,
            f"{old}\n    def train(self, mode=True):\n        assert mode\n        return super().train()\n",
        )
        program = subject(blind, bank, sandbox).program(LEANS_ON["report_ae"])
        reached = measuring.methods(training(dataset, program, sandbox, pictured=True))
        assert {*reached.figures} == {*FIGURES["report_ae"]}
        assert reached.pictures == ()

    def test_clip_learns_and_finds(self, dataset, bank, sandbox, solution):
        budget = msgspec.structs.replace(TINY, clip=25, probe=25)
        program = subject(solution, bank, sandbox).program(LEANS_ON["report_clip"])
        reached = measuring.clip(training(dataset, program, sandbox, budget=budget))
        assert reached.figures["clip"] > 0.3  # chance is .1
        assert reached.figures["retrieval"] > 0.2
        assert reached.trajectories["clip"][-1] < reached.trajectories["clip"][0]

    def test_code_that_is_wrong_elsewhere_is_replaced(self, dataset, bank, sandbox, solution):
        old = "class Encoder(nn.Module):"
        broken = edited(solution, old, f"{old}\n    raise RuntimeError('mine')")
        with pytest.raises(Stopped):
            measuring.methods(training(dataset, subject(broken, bank, sandbox).program(LEANS_ON["report_ae"]), sandbox))
        replaced = subject(broken, bank, sandbox, wrong={"encoder"}).program(LEANS_ON["report_ae"])
        reached = measuring.methods(training(dataset, replaced, sandbox))
        assert {*reached.figures} == {*FIGURES["report_ae"]}

    def test_the_labels_are_out_of_reach(self, dataset, bank, sandbox, solution):
        if "landlock" not in sandbox.layers:
            pytest.skip("nothing is confined here")
        for path in (dataset.path, COMPOSED):
            old = "criterion = nn.CrossEntropyLoss()"
            curious = edited(solution, old, f"open({str(path)!r}, 'rb').read()\n    {old}")
            program = subject(curious, bank, sandbox).program(LEANS_ON["report_ae"])
            with pytest.raises(Stopped) as stopped:
                measuring.methods(training(dataset, program, sandbox))
            assert isinstance(stopped.value.outcome, Raised)
            assert stopped.value.outcome.kind in {"PermissionError", "FileNotFoundError"}

    @pytest.mark.parametrize(
        "logits", [None, np.zeros((3, 10), np.float32), np.full((4, 10), np.nan), np.zeros(4), np.zeros((5, 10))]
    )
    def test_what_a_guest_claims_is_looked_at(self, logits):
        labels = np.array([0, 1, 2, 3])
        arrays = {} if logits is None else {"logits": logits}
        with pytest.raises(Stopped):
            accuracy(Reply(facts={}, arrays=arrays), labels)
        assert accuracy(Reply(facts={}, arrays={"logits": np.eye(4)}), labels) == 1


class TestFindings:
    def test_as_good_as_the_reference(self, monkeypatch, reproduction, bank, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_ae"])
        finding = reproduction(load(PS7.rubric).item("report_ae"), subject(solution, bank, sandbox))
        assert finding.passed
        assert "| Method I | 32 % | 32 % | 30.0 % (" in finding.message
        assert "synthetic images “small” (70 unlabeled, 80 training and 40 test images)" in finding.message

    def test_better_than_the_reference_is_no_mistake(self, monkeypatch, reproduction, bank, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_ae"] | {"method_3": 0.9, "method_1": 1.0})
        assert reproduction(load(PS7.rubric).item("report_ae"), subject(solution, bank, sandbox)).passed

    @pytest.mark.parametrize("name", FIGURES["report_ae"])
    def test_each_figure_can_fail(self, monkeypatch, reproduction, bank, sandbox, solution, name):
        measured_as(monkeypatch, **FIGURES["report_ae"] | {name: -0.2 if name == ADVANTAGE else 0.02})
        finding = reproduction(load(PS7.rubric).item("report_ae"), subject(solution, bank, sandbox))
        assert not finding.passed
        assert finding.misconception == "reproduced-below-the-reference"
        assert "% is less than the reference ever reaches here" in finding.message

    @pytest.mark.parametrize("synthetic", [True, False])
    def test_weights_that_came_too_are_tried_on_real_images(
        self, monkeypatch, reproduction, bank, sandbox, solution, tmp_path, synthetic
    ):
        measured_as(monkeypatch, **FIGURES["report_ae"])
        monkeypatch.setattr(findings, "recompute", lambda *_: [Recomputed("ae.pth", "linear.pt", 0.9)])
        reproduction._dataset = Dataset(small_dataset(tmp_path / "small.zip", synthetic=synthetic))
        asked = msgspec.structs.replace(subject(solution, bank, sandbox), weights=(tmp_path / "ae.pth",))
        finding = reproduction(load(PS7.rubric).item("report_ae"), asked)
        assert finding.passed
        assert ("| `ae.pth` | `linear.pt` | 90.0 %" in finding.message) != synthetic
        assert finding.needs_review.startswith("the weights handed in reach 90.0 %") != synthetic

    def test_what_was_replaced_is_said(self, monkeypatch, reproduction, bank, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_clip"])
        asked = subject(solution, bank, sandbox, wrong={"clip_model", "encoder"})
        message = reproduction(load(PS7.rubric).item("report_clip"), asked).message
        assert "In place of your CLIPModel and its loss, which lost points" in message

    @pytest.mark.parametrize(
        ("outcome", "says"),
        [
            (
                Raised(kind="ValueError", text="no such thing"),
                "did not come to an end.\n\nYour code raised `ValueError",
            ),
            (Ended(reason="the code ended the Python process (exit code 3)"), "No answer: the code ended"),
            (Fault(reason="a bug of ours"), "This could not be checked: the grader itself failed"),
        ],
    )
    def test_code_that_stops(self, monkeypatch, reproduction, bank, sandbox, solution, outcome, says):
        def stop(*_, **__):
            raise Stopped(outcome)

        monkeypatch.setattr(findings, "MEASURES", dict.fromkeys(LEANS_ON, stop))
        finding = reproduction(load(PS7.rubric).item("report_ae"), subject(solution, bank, sandbox))
        assert not finding.passed
        assert says in finding.message
        assert bool(finding.fault) == isinstance(outcome, Fault)

    def test_for_want_of_time_a_person_is_asked(self, reproduction, bank, sandbox, solution):
        finding = reproduction(load(PS7.rubric).item("report_ae"), subject(solution, bank, sandbox, seconds=1.0))
        assert finding.passed
        assert "only 0 s were left" in finding.needs_review

    def test_where_all_of_it_would_be_the_references_nothing_is_run(self, reproduction, bank, sandbox, solution):
        asked = subject(solution, bank, sandbox, wrong={*LEANS_ON["report_ae"]})
        finding = reproduction(load(PS7.rubric).item("report_ae"), asked)
        assert not finding.passed
        assert "nothing but the reference would run" in finding.message

    def test_the_interval_is_wilsons(self):
        # Wilson (1927) as in Brown, Cai and DasGupta (2001): 10 of 20.
        assert interval(0.5, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
        assert interval(0.0, 10)[0] == 0


class TestGrading:
    def test_report_items_come_last_and_know_what_was_wrong(self, bank, sandbox, solution):
        rubric = load(PS7.rubric, LEANS_ON)
        few = msgspec.structs.replace(
            rubric, items=tuple(item for item in rubric.items if item.name in {"projection_head", "report_ae"})
        )
        broken = edited(solution, "F.normalize(self.projection(x), dim=-1)", "self.projection(x)")
        seen = []

        def reproduce(item, subject):
            seen.append((item.name, {*subject.wrong}))
            return findings.Finding(passed=False, message="slower than that")

        graded = {
            item.name: verdicts for item, verdicts in grade(broken, few, bank, sandbox, Clock(Limits()), reproduce)
        }
        assert [*graded] == ["projection_head", "report_ae"]
        assert seen == [("report_ae", {"projection_head"})]
        assert [(verdict.check, verdict.score) for verdict in graded["report_ae"]] == [
            ("reported", 0.225),
            ("plausible", 0.3),
            ("printed", 0.225),
            ("reproduced", 0.0),
        ]

    def test_nothing_is_trained_where_nothing_is_reported(self, bank, sandbox):
        rubric = load(PS7.rubric, LEANS_ON)
        few = rubric.only(["report_ae"])

        def reproduce(*_):
            raise AssertionError

        [(_, verdicts)] = grade(frames.submission(PS7, "template"), few, bank, sandbox, Clock(Limits()), reproduce)
        assert sum(verdict.score for verdict in verdicts) == 0
        assert verdicts[-1].message == "This counts as soon as “Reported: three accuracies” is right."
        assert not verdicts[-1].fault

    def test_without_it_its_share_goes_to_the_other_grades_of_evidence(self):
        for name in LEANS_ON:
            points = {check.name: check.points for check in load(PS7.rubric).item(name).checks}
            assert points == {"reported": 0.3, "plausible": 0.4, "printed": 0.3}
            whole = load(PS7.rubric, LEANS_ON).item(name)
            assert sum(check.points for check in whole.checks) == pytest.approx(whole.points)
