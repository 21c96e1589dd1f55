"""Whole reports as people write them, and how they are read: some by hand, thousands from a generator."""

import tomllib
from pathlib import Path

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.report import accuracies, read_evidence
from autograder.ps7.student.report.printed import UNTOLD
from autograder.student.grading.rubric import load
from tests.notebooks import notebook
from tests.ps7.report import generating
from tests.ps7.report.authors import Author
from tests.ps7.report.generating import Made

FOLDER = Path(__file__).parent
ITEMS = [item for item in load(PS7).items if item.reader]
FOUR = {"method_1": 32.0, "method_2": 43.5, "method_3": 25.8, "clip": 80.2}
WRITTEN = {
    f"{path.stem}, {report['who']}": report
    for path in (FOLDER / "forty.toml", FOLDER / "habits.toml")
    for report in tomllib.loads(path.read_text(encoding="utf-8"))["reports"]
}


def runs():
    """Cells that print the four figures."""
    author = Author(0)
    author.exact = {name: value / 100 for name, value in FOUR.items()}
    return generating.runs(author)


def cells_of(report):
    each = report.get("cells") or [report]
    return [("#", cell["text"]) if "text" in cell else (cell["code"], cell.get("output", "")) for cell in each]


def read(*cells):
    return {name: figure.figure.percent for name, figure in read_evidence(notebook(*cells)).reported.items()}


@pytest.mark.parametrize("who", WRITTEN)
def test_a_report_is_read_as_a_person_reads_it(who):
    report = WRITTEN[who]
    expected = report.get("read", FOUR)
    assert read(*runs(), *cells_of(report)) == pytest.approx(expected)
    assert read(*cells_of(report)) == pytest.approx(report.get("unrun", expected))


INTRODUCTIONS = (
    "With pretrained encoder, the linear classifier should achieve about 30% accuracy on the test set. With the supervised approach, "
    "the linear classifier should achieve an accuracy above 40%. The random encoder approach performs the worst among these three.",
    "**Expected results.** A pretrained encoder gets around 30% test accuracy after 100 epochs, a supervised one over 40%, a random one "
    "is 2% to 5% worse than the pretrained one. CLIP gets more than 75%.",
    "If all is right you will see roughly 30 % (Method I), 40 % or more (Method II), and 25 % (Method III).",
    "Hint: our solution reaches 31.9% for Method I, 43.5% for Method II, 25.8% for Method III and 80.1% for CLIP.",
    "In previous years, students got 32 % with Method I and 44 % with Method II; Method III was at 26 %.",
    "Grading: 1 point if Method I is in 25-40%, Method II is >= 40%, and Method III is below Method I by at least 2%.",
    "The autoencoder is trained on 10% of the unlabeled data (10,000 of 100,000 images), the classifier on 100% of the labeled.",
)
FRAMES = (
    "# Report results\n\nWith CLIP, we learn a more useful representation than autoencoder\n\nPlease report the test accuracy of all four "
    "linear classifiers below.\n\n### Autoencoder-based\nmethod 1 accuracy: {}  \nmethod 2 accuracy: {}  \nmethod 3 accuracy: {}  \n\n"
    "### CLIP\naccuracy: {}",
    "## Report (2 points)\n\nReport the test accuracies of Method I (about 30%), Method II (above 40%) and Method III (worst of the "
    "three, 2% or more below Method I), each after 100 epochs.\n\n* Method I: {}\n* Method II: {}\n* Method III: {}\n\n"
    "Report the accuracy of the linear probe on CLIP, which should be 75% or more.\n\n* CLIP: {}",
    "## Results\n\n| Method | expected | your accuracy |\n|---|---|---|\n| I | ~30% | {} |\n| II | >40% | {} |\n| III | <30% | {} |\n"
    "| CLIP | >=75% | {} |",
    "# Report\n\nYou need 75% of the points to pass. Deduction of 10% per day.\n\nMethod I accuracy = {}\n\nMethod II accuracy = {}\n\n"
    "Method III accuracy = {}\n\nCLIP accuracy = {}",
    "### Report\n\n1. Test accuracy of Method I (hint: ~30%)?\n\n{}\n\n2. Test accuracy of Method II (hint: >40%)?\n\n{}\n\n"
    "3. Test accuracy of Method III (hint: less than Method I)?\n\n{}\n\n4. Test accuracy of CLIP's image encoder (hint: 75% or higher)?\n\n{}",
)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_in_frames_that_are_not_known_what_is_filled_in_counts_and_nothing_else(frame, introduction):
    filled = {
        ("", "", "", ""): {},
        ("___", "___", "___", "___"): {},
        ("32.0%", "43.5%", "25.8%", "80.2%"): FOUR,
        ("0.32", "0.435", "0.258", "0.802"): FOUR,
        ("about 31%", "about 44%", "around 26%", "~80%"): dict(zip(FOUR, (31, 44, 26, 80), strict=True)),
    }
    for values, expected in filled.items():
        cells = [("#", introduction), ("#", frame.format(*values))]
        assert read(*runs(), *cells) == pytest.approx(expected)
        assert read(*cells) == pytest.approx(expected)


def verdicts(made: Made):
    return [finding for item in ITEMS for finding in accuracies(notebook(*made.cells), item).values()]


def misread(made: Made):
    """How many figures are read wrong, or read where there are none."""
    found = read(*made.cells)
    return sum(found.get(name) != pytest.approx(value) for name, value in made.read.items()) + len(
        {*found} - {*made.read}
    )


LITTLE, MUCH = 100, pytest.param(1_000, marks=pytest.mark.slow)


@pytest.mark.parametrize("count", [LITTLE, MUCH])
@pytest.mark.parametrize("fifth", range(5))
def test_right_reports_have_full_marks(count, fifth):
    made = [generating.right(seed) for seed in range(fifth * count, (fifth + 1) * count)]
    assert [each.about for each in made if not all(finding.passed for finding in verdicts(each))] == []
    assert [each.about for each in made if misread(each)] == []


@pytest.mark.parametrize("count", [LITTLE, MUCH])
def test_blank_reports_have_no_points(count):
    made = [generating.blank(seed) for seed in range(count)]
    assert [each.about for each in made if any(finding.passed for finding in verdicts(each)) or misread(each)] == []


@pytest.mark.parametrize("count", [LITTLE, MUCH])
def test_wrong_reports_lose_points(count):
    made = [generating.wrong(seed) for seed in range(count)]
    assert [each.about for each in made if all(finding.passed for finding in verdicts(each)) or misread(each)] == []


@pytest.mark.parametrize("count", [LITTLE, pytest.param(2_000, marks=pytest.mark.slow)])
def test_what_runs_print_is_read(count):
    """Where it is clear which run printed a figure, no other figure is taken for its accuracy, and it confirms the
    report."""
    wrong = []
    for made in map(generating.outputs, range(count)):
        wrong += [(made.about, finding.message) for finding in verdicts(made) if not finding.passed]
        printed = read_evidence(notebook(*made.cells)).printed
        for name, value in made.read.items():
            near = [abs(each.percent - value) <= max(each.unit, 0.02) for each in printed.get(name, ())]
            untold = [abs(each.percent - value) <= max(each.unit, 0.02) for each in printed.get(UNTOLD, ())]
            if not (all(near) if near else any(untold)):
                wrong.append((made.about, name))
    assert wrong == []


def test_a_training_accuracy_is_no_evidence():
    made = [generating.outputs(seed) for seed in range(LITTLE)]
    for each in made:
        text = "## Report\n\n" + "\n".join(f"- {name}: {value - 4:.1f} %" for name, value in each.read.items())
        findings = verdicts(Made(cells=[*each.cells[:-1], ("#", text)], read={}, about=each.about))
        assert not all(finding.passed for finding in findings), each.about
