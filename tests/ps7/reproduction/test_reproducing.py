import io

import msgspec
import numpy as np
import pytest
from PIL import Image

from autograder.guest.outcomes import Ended, Fault, Raised, Reply
from autograder.ps7.staff.datasets.exhibits import CROP
from autograder.ps7.staff.reproduction import findings, measuring
from autograder.ps7.staff.reproduction.calibrating import Run, calibration_of
from autograder.ps7.staff.reproduction.findings import Reproduction
from autograder.ps7.staff.reproduction.measuring import (
    ADVANTAGE,
    LEANS_ON,
    Budget,
    Measured,
    Stopped,
    Training,
    accuracy,
)
from autograder.ps7.staff.reproduction.proportions import interval
from autograder.ps7.staff.reproduction.weights import Recomputed
from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.datasets.archive import Dataset
from autograder.ps7.student.datasets.locating import COMPOSED
from autograder.staff.authoring import frames
from autograder.student.grading.bank import Bank
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.grade import grade
from autograder.student.grading.reproduction import NotRun, Subject
from autograder.student.grading.rubric import load
from autograder.student.output.html import render
from autograder.student.output.results import encode, from_verdicts
from autograder.student.program import Submission, outline
from autograder.student.submission.notebook import Notebook
from tests.ps7.small import small_dataset

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
    return PS7.bank()


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


def subject(notebook, sandbox, *, wrong=(), seconds=300.0) -> Subject:
    return Subject(
        submission=Submission.of(notebook),
        rubric=load(PS7, LEANS_ON),
        sandbox=sandbox,
        clock=Clock(Limits(total=seconds)),
        wrong=wrong,
    )


def training(dataset, program, sandbox, **others) -> Training:
    usual = {"budget": TINY, "seed": 1, "seconds": 100}
    return Training(dataset=dataset, program=program, sandbox=sandbox, **usual | others)


SPY = """
def spy():
    import inspect
    for name in {names}:
        try:
            text = inspect.getsource(globals()[name])
        except Exception:  # it is not here while another item is asked
            continue
        if "a stub" not in text:
            raise RuntimeError(text)
"""
WATCHED = {
    "class": "\n\nclass {name}({name}):\n    def __init__(self, *given, **named):\n        spy()\n        super().__init__(*given, **named)\n",
    "def": "\n\nreal_{name} = {name}\ndef {name}(*given, **named):\n    spy()\n    return real_{name}(*given, **named)\n",
}
STUBS = {
    "class": "class {name}(nn.Module):\n    def __init__(self, *given, **named):\n        super().__init__()  # a stub\n",
    "def": "def {name}(*given, **named):\n    return None  # a stub\n",
}


def spying(notebook: Notebook, wrong: list[str], others: list[str]) -> Notebook:
    """The notebook with stubs in place of the components `wrong`; `others` raise the text of whatever else is in their
    place."""
    cells = []
    for cell in notebook.cells:
        source = cell.source
        for kind in ("class", "def"):
            for name in (name for name in (*wrong, *others) if cell.kind == "code" and f"{kind} {name}(" in source):
                source = STUBS[kind].format(name=name) if name in wrong else source + WATCHED[kind].format(name=name)
        cells.append(msgspec.structs.replace(cell, source=source))
    first = next(place for place, cell in enumerate(cells) if cell.kind == "code")
    cells[first] = msgspec.structs.replace(cells[first], source=cells[first].source + SPY.format(names=wrong))
    return msgspec.structs.replace(notebook, cells=tuple(cells))


def lines_of(text: str) -> set[str]:
    """Numbers that occur nowhere by chance."""
    return {line.strip() for line in text.split("\n") if len(line.strip()) >= 20}


def measured_as(monkeypatch, **figures: float) -> None:
    monkeypatch.setattr(findings, "MEASURES", dict.fromkeys(LEANS_ON, lambda *_, **__: Measured(figures, {})))


class TestMeasuring:
    """Real training in a real guest, on a few images."""

    def test_the_methods(self, dataset, sandbox, solution):
        said = []
        program = subject(solution, sandbox).program(LEANS_ON["report_ae"])
        reached = measuring.methods(training(dataset, program, sandbox, say=said.append))
        assert {*reached.figures} == {*FIGURES["report_ae"]}
        assert all(0 <= reached.figures[name] <= 1 for name in measuring.METHODS)
        assert len(reached.trajectories["autoencoder"]) == 1
        assert said[-1] == "training Method III (1 epochs)"

    def test_there_is_something_to_look_at(self, dataset, sandbox, solution):
        program = subject(solution, sandbox).program((*LEANS_ON["report_ae"], *LEANS_ON["report_clip"]))
        (photos,) = measuring.methods(training(dataset, program, sandbox, pictured=True)).pictures
        assert [strip.label for strip in photos.strips] == ["test images", "yours"]
        found, matrix = measuring.clip(training(dataset, program, sandbox, pictured=True)).pictures
        assert [strip.label for strip in found.strips] == [*dataset.about.queries]
        assert len(matrix.labels) == len({*matrix.labels}) == len(matrix.values) > 2
        with Image.open(io.BytesIO(found.strips[0].jpeg)) as picture:
            assert picture.size == (CROP * measuring.RETRIEVED, CROP)

    def test_what_cannot_be_shown_costs_nothing(self, dataset, sandbox, solution):
        old = "class Decoder(nn.Module):"
        blind = edited(
            solution,
            old,
            f"{old}\n    def train(self, mode=True):\n        assert mode\n        return super().train()\n",
        )
        program = subject(blind, sandbox).program(LEANS_ON["report_ae"])
        reached = measuring.methods(training(dataset, program, sandbox, pictured=True))
        assert {*reached.figures} == {*FIGURES["report_ae"]}
        assert reached.pictures == ()

    def test_clip_learns_and_finds(self, dataset, sandbox, solution):
        budget = msgspec.structs.replace(TINY, clip=25, probe=25)
        program = subject(solution, sandbox).program(LEANS_ON["report_clip"])
        reached = measuring.clip(training(dataset, program, sandbox, budget=budget))
        assert reached.figures["clip"] > 0.3  # chance is .1
        assert reached.figures["retrieval"] > 0.2
        assert reached.trajectories["clip"][-1] < reached.trajectories["clip"][0]

    def test_nothing_is_run_but_the_submissions_own_code(self, sandbox, solution):
        old = "class Encoder(nn.Module):"
        broken = edited(solution, old, f"{old}\n    raise RuntimeError('mine')")
        program = subject(broken, sandbox, wrong={"encoder"}).program(LEANS_ON["report_ae"])
        own = {statement.source for statement in outline(broken).statements}
        assert {source.source for source in program} <= own
        assert any("RuntimeError('mine')" in source.source for source in program)

    def test_the_labels_are_out_of_reach(self, dataset, sandbox, solution):
        if "landlock" not in sandbox.layers:
            pytest.skip("nothing is confined here")
        for path in (dataset.path, COMPOSED):
            old = "criterion = nn.CrossEntropyLoss()"
            curious = edited(solution, old, f"open({str(path)!r}, 'rb').read()\n    {old}")
            program = subject(curious, sandbox).program(LEANS_ON["report_ae"])
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
    def test_as_good_as_the_reference(self, monkeypatch, reproduction, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_ae"])
        finding = reproduction(load(PS7).item("report_ae"), subject(solution, sandbox))
        assert finding.passed
        assert "| Method I | 32 % | 32 % | 30.0 % (" in finding.message
        assert "synthetic images “small” (70 unlabeled, 80 training and 40 test images)" in finding.message

    def test_better_than_the_reference_is_no_mistake(self, monkeypatch, reproduction, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_ae"] | {"method_3": 0.9, "method_1": 1.0})
        assert reproduction(load(PS7).item("report_ae"), subject(solution, sandbox)).passed

    @pytest.mark.parametrize("name", FIGURES["report_ae"])
    def test_each_figure_can_fail(self, monkeypatch, reproduction, sandbox, solution, name):
        measured_as(monkeypatch, **FIGURES["report_ae"] | {name: -0.2 if name == ADVANTAGE else 0.02})
        finding = reproduction(load(PS7).item("report_ae"), subject(solution, sandbox))
        assert not finding.passed
        assert finding.misconception == "reproduced-below-the-reference"
        assert "is the least that counts as right here" in finding.message

    @pytest.mark.parametrize("synthetic", [True, False])
    def test_weights_that_came_too_are_tried_on_real_images(
        self, monkeypatch, reproduction, sandbox, solution, tmp_path, synthetic
    ):
        measured_as(monkeypatch, **FIGURES["report_ae"])
        monkeypatch.setattr(findings, "recompute", lambda *_: [Recomputed("ae.pth", "linear.pt", 0.9)])
        reproduction._dataset = Dataset(small_dataset(tmp_path / "small.zip", synthetic=synthetic))
        asked = subject(solution, sandbox)
        handed_in = msgspec.structs.replace(asked.submission, weights=(tmp_path / "ae.pth",))
        asked = msgspec.structs.replace(asked, submission=handed_in)
        finding = reproduction(load(PS7).item("report_ae"), asked)
        assert finding.passed
        assert ("| `ae.pth` | `linear.pt` | 90.0 %" in finding.message) != synthetic
        assert finding.needs_review.startswith("the submitted weights reach 90.0 %") != synthetic

    @pytest.mark.parametrize(
        ("outcome", "says"),
        [
            (
                Raised(kind="ValueError", text="no such thing"),
                "your code did not finish.\n\nYour code raised `ValueError",
            ),
            (Ended(reason="the code ended the Python process (exit code 3)"), "No answer: the code ended"),
            (Fault(reason="a bug of ours"), "This could not be checked: the grader itself failed"),
        ],
    )
    def test_code_that_stops(self, monkeypatch, reproduction, sandbox, solution, outcome, says):
        def stop(*_, **__):
            raise Stopped(outcome)

        monkeypatch.setattr(findings, "MEASURES", dict.fromkeys(LEANS_ON, stop))
        finding = reproduction(load(PS7).item("report_ae"), subject(solution, sandbox))
        assert not finding.passed
        assert says in finding.message
        assert bool(finding.fault) == isinstance(outcome, Fault)

    @pytest.mark.parametrize("item", LEANS_ON)
    def test_where_something_is_wrong_its_points_go_to_the_other_evidence(self, reproduction, sandbox, solution, item):
        for wrong in [*({each} for each in LEANS_ON[item]), {*LEANS_ON[item]}]:
            found = reproduction(load(PS7).item(item), subject(solution, sandbox, wrong=wrong))
            assert isinstance(found, NotRun)
            assert all(f"“{load(PS7).item(each).title}”" in found.reason for each in wrong)
            assert found.reason.endswith(
                "each mistake costs points only once. The points of this check go to the other checks of this item."
            )
            assert not found.needs_review

    def test_what_is_wrong_elsewhere_is_no_matter(self, monkeypatch, reproduction, sandbox, solution):
        measured_as(monkeypatch, **FIGURES["report_ae"])
        asked = subject(solution, sandbox, wrong={"clip_model"})
        assert reproduction(load(PS7).item("report_ae"), asked).passed

    def test_for_want_of_time_a_person_is_asked(self, reproduction, sandbox, solution):
        found = reproduction(load(PS7).item("report_ae"), subject(solution, sandbox, seconds=1.0))
        assert isinstance(found, NotRun)
        assert "only 0 s were left" in found.needs_review

    @pytest.mark.parametrize(("left", "earns"), [(60.0, False), (25.0, None)])
    def test_code_that_takes_its_time_earns_nothing(self, monkeypatch, reproduction, sandbox, solution, left, earns):
        """Unless it had less time than it is granted: then the grader, or other items, took it."""

        def sleep(training):
            moment[0] += training.seconds
            raise Stopped(Ended(reason="the code was still running and was stopped"))

        moment = [100.0]
        monkeypatch.setattr(findings.time, "monotonic", lambda: moment[0])
        monkeypatch.setattr(findings, "MEASURES", dict.fromkeys(LEANS_ON, sleep))
        monkeypatch.setattr(type(sandbox), "unit", 0.25)  # 5 s for the reference, so 20 s for an honest solution
        found = reproduction(load(PS7).item("report_ae"), subject(solution, sandbox, seconds=left))
        if earns is None:
            assert isinstance(found, NotRun)
            assert found.needs_review.startswith("not reproduced: it had not finished after 10 s")
        else:
            assert found.passed is earns
            assert "it had not finished after 20 s; the reference takes 5 s here" in found.message
            assert "Look for what makes a minibatch slow" in found.message

    def test_the_interval_is_wilsons(self):
        # Wilson (1927) as in Brown, Cai and DasGupta (2001): 10 of 20.
        assert interval(0.5, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
        assert interval(0.0, 10)[0] == 0


class TestGrading:
    def test_report_items_come_last_and_know_what_was_wrong(self, bank, sandbox, solution):
        rubric = load(PS7, LEANS_ON)
        few = msgspec.structs.replace(
            rubric, items=tuple(item for item in rubric.items if item.name in {"projection_head", "report_ae"})
        )
        broken = edited(solution, "F.normalize(self.projection(x), dim=-1)", "self.projection(x)")
        seen = []

        def reproduce(item, subject):
            seen.append((item.name, {*subject.wrong}))
            return findings.Finding(passed=False, message="slower than that")

        graded = {
            item.name: verdicts
            for item, verdicts in grade(Submission.of(broken), few, bank, sandbox, Clock(Limits()), reproduce)
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
        rubric = load(PS7, LEANS_ON)
        few = rubric.only(["report_ae"])

        def reproduce(*_):
            raise AssertionError

        [(_, verdicts)] = grade(
            Submission.of(frames.submission(PS7, "template")), few, bank, sandbox, Clock(Limits()), reproduce
        )
        assert sum(verdict.score for verdict in verdicts) == 0
        assert verdicts[-1].message == "This check counts only once “Reported: three accuracies” is right."
        assert not verdicts[-1].fault

    @pytest.mark.parametrize("wrong", [*dict.fromkeys(item for items in LEANS_ON.values() for item in items), "all"])
    def test_nothing_of_the_reference_is_told(self, bank, sandbox, solution, reproduction, wrong):
        """A right component reports what it sees in the place of a wrong one."""
        whole = load(PS7, LEANS_ON)
        reports = [name for name, items in LEANS_ON.items() if wrong in items or wrong == "all"]
        items = [item for name in reports for item in LEANS_ON[name]]
        names = {item: whole.item(item).needs[0] for item in items}
        stubs = [name for item, name in names.items() if wrong in (item, "all")]
        submission = spying(solution, stubs, [name for name in names.values() if name not in stubs])
        graded = grade(
            Submission.of(submission), whole.only([*items, *reports]), bank, sandbox, Clock(Limits()), reproduction
        )
        results = from_verdicts([verdict for _, verdicts in graded for verdict in verdicts])
        assert results.score < results.max_score
        told = encode(results).decode() + render(results, title="", notebook_name="")
        reference = {line for path in (PS7.project / "reference").glob("*.py") for line in lines_of(path.read_text())}
        own = lines_of("\n".join(cell.source for cell in submission.cells))
        assert not [line for line in reference - own if line in told]

    def test_what_is_not_run_is_worth_nothing_and_says_why(self, bank, sandbox, solution):
        few = load(PS7, LEANS_ON).only(["report_ae"])
        [(_, verdicts)] = grade(
            Submission.of(solution),
            few,
            bank,
            sandbox,
            Clock(Limits()),
            lambda *_: NotRun("Not run: it rains.", "rain."),
        )
        assert [(verdict.check, verdict.score, verdict.max_score) for verdict in verdicts] == [
            ("reported", 0.3, 0.3),
            ("plausible", 0.4, 0.4),
            ("printed", 0.3, 0.3),
            ("reproduced", 0.0, 0.0),
        ]
        assert (verdicts[-1].passed, verdicts[-1].message) == (True, "Not run: it rains.")
        assert verdicts[-1].needs_review == "rain."

    def test_without_it_its_share_goes_to_the_other_grades_of_evidence(self):
        for name in LEANS_ON:
            points = {check.name: check.points for check in load(PS7).item(name).checks}
            assert points == {"reported": 0.3, "plausible": 0.4, "printed": 0.3}
            whole = load(PS7, LEANS_ON).item(name)
            assert sum(check.points for check in whole.checks) == pytest.approx(whole.points)
