"""The report items: each mistake has its own message, and honest reports pass, however their runs were saved."""

import pytest

from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.report import accuracies, read_evidence
from autograder.ps7.student.report.evidence import UNTOLD
from autograder.staff.authoring import frames
from autograder.student.grading.rubric import load
from tests.notebooks import notebook

RUBRIC = load(PS7)
TRAIN = "cls_{0}, t = train_classifier(enc_{0}, cls_{0}, train_loader, supervised=False)"
PRINTED = "Accuracy on the test set: {}"
NUMERALS = {1: "I", 2: "II", 3: "III"}


def runs(first="0.320", second="0.435", third="0.258", clip="0.802", line=PRINTED):
    """Three methods and the probe, each under its heading, trained in one cell and tested in the next."""
    cells = []
    for number, value in enumerate((first, second, third), start=1):
        cells += [
            ("#", f"### Method {NUMERALS[number]}"),
            TRAIN.format(number),
            (f"test(enc_{number}, cls_{number}, test_loader)", line.format(value)),
        ]
    probe = "cls, t = train_classifier(model.image_encoder, nn.Linear(2048, 10), train_loader)\ntest(model.image_encoder, cls, test_loader)"
    return [*cells, ("#", "## CLIP"), (probe, line.format(clip))]


def report(first="32.0", second="43.5", third="25.8", clip="80.2"):
    text = f"## Report\n- Method I: {first} %\n- Method II: {second} %\n- Method III: {third} %\n- CLIP: {clip} %"
    return ("#", text)


def findings_of(notebook):
    return {item.name: accuracies(notebook, item) for item in RUBRIC.items if item.reader}


def judged(*cells):
    return {
        f"{item}.{check}": finding
        for item, checks in findings_of(notebook(*cells)).items()
        for check, finding in checks.items()
    }


def failing(*cells):
    return {name: finding.misconception for name, finding in judged(*cells).items() if not finding.passed}


@pytest.mark.parametrize(
    "line",
    [
        PRINTED,
        "Test accuracy: {}",
        "acc {}",
        "{}",
        "tensor({}, device='cuda:0')",
        "accuracy = {} (2560/8000)",
        "loss 1.93, test acc {}",
    ],
)
def test_an_honest_report_passes(line):
    assert failing(*runs(line=line), report()) == {}


@pytest.mark.parametrize(("first", "clip"), [("32.0 %", "80.2%"), ("0.3203125", "0.80225"), ("32", "80")])
def test_printed_and_reported_in_other_forms(first, clip):
    assert failing(*runs(first=first, clip=clip), report()) == {}
    assert failing(*runs(), report(first="32", clip="80")) == {}


def test_no_report():
    found = failing(*runs())
    assert set(found.values()) == {"report-missing"}
    assert len(found) == 6


def test_one_figure_missing_is_named():
    findings = judged(*runs(), report(second="___"))
    assert "could read no test accuracy of Method II" in findings["report_ae.reported"].message
    assert findings["report_clip.reported"].passed


@pytest.mark.parametrize(
    ("first", "second", "third", "slug", "words"),
    [
        ("43.5", "32.0", "25.8", "report-out-of-band", "Method I is expected at about 30 %"),
        ("25.8", "43.5", "32.0", "report-method-iii-not-worst", "worst of the three"),
        ("27.0", "43.5", "27.0", "report-method-iii-not-worst", "worst of the three"),
        ("12.0", "43.5", "10.0", "report-out-of-band", "Method I is expected at about 30 %"),
        ("32.0", "37.0", "25.8", "report-out-of-band", "Method II is expected above 40 %"),
        ("55.0", "60.0", "25.8", "report-out-of-band", "Method I is expected at about 30 %"),
    ],
)
def test_figures_that_cannot_be(first, second, third, slug, words):
    values = [str(float(value) / 100) for value in (first, second, third)]
    cells = [*runs(*values), report(first, second, third)]
    assert failing(*cells) == {"report_ae.plausible": slug}
    assert words in judged(*cells)["report_ae.plausible"].message


@pytest.mark.parametrize(
    ("first", "second", "third", "words"),
    [
        ("43.5", "32.0", "25.8", "Method I and Method II were exchanged"),
        ("32.0", "25.8", "43.5", "Method II and Method III were exchanged"),
        ("25.8", "43.5", "32.0", "Method I and Method III were exchanged"),
    ],
)
def test_figures_that_were_exchanged(first, second, third, words):
    cells = [*runs(), report(first, second, third)]
    assert failing(*cells) == {
        "report_ae.plausible": "report-swapped",
        "report_ae.printed": "report-printed-for-other-method",
    }
    assert words in judged(*cells)["report_ae.plausible"].message


def test_what_the_runs_have_printed_was_not_exchanged_in_the_report():
    cells = [*runs("0.258", "0.435", "0.320"), report("25.8", "43.5", "32.0")]
    assert "exchanged" not in judged(*cells)["report_ae.plausible"].message


def test_what_was_read_is_shown_in_the_students_own_line():
    message = judged(*runs(), report())["report_ae.reported"].message
    assert "- Method II, 43.5 %: `- Method II:` **`43.5 %`**" in message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Training accuracy of Method II: 97.1 %", "an accuracy on the training images"),
        ("Method II: above 40 %", "a required bound"),
        ("Method II should be about 44 %", "an expectation"),
    ],
)
def test_a_figure_that_is_no_result_is_shown_with_the_reason(line, words):
    text = f"## Report\n- Method I: 32.0 %\n- {line}\n- Method III: 25.8 %"
    message = judged(*runs(), ("#", text))["report_ae.reported"].message
    assert words in message
    assert line[:9] in message


def test_of_two_readings_that_are_level_the_right_one_is_taken_and_looked_at():
    text = ("#", "## Report\n\nMethod I: 31.0 %, 32.0 %\n\nMethod II: 43.5 %\n\nMethod III: 25.8 %")
    unrun = [cell for cell in runs() if "test(" not in cell[0]] + [("evaluate()", "acc 0.32\nacc 0.435\nacc 0.258")]
    found = judged(*unrun, text)
    assert all(finding.passed for name, finding in found.items() if name.startswith("report_ae"))


@pytest.mark.parametrize(
    ("first", "second", "third"), [("24.6", "43.5", "20.0"), ("39.9", "40.1", "25.8"), ("32.0", "39.6", "25.8")]
)
def test_the_bands_count_whole_percents(first, second, third):
    values = [str(round(float(value) / 100, 4)) for value in (first, second, third)]
    assert failing(*runs(*values), report(first, second, third)) == {}


@pytest.mark.parametrize(
    ("clip", "slug"),
    [("74.6", None), ("74.4", "report-clip-below-75"), ("32.0", "report-clip-below-75"), ("100", None)],
)
def test_the_band_of_the_probe(clip, slug):
    found = failing(*runs(clip=str(float(clip) / 100)), report(clip=clip))
    assert found == ({"report_clip.plausible": slug} if slug else {})


def test_the_probe_must_be_well_above_the_autoencoder():
    cells = [*runs(first="0.60", third="0.30", clip="0.76"), report(first="60", third="30", clip="76")]
    assert failing(*cells)["report_clip.plausible"] == "report-clip-not-above"


def test_a_figure_that_no_run_printed():
    cells = [*runs(first="0.290"), report()]
    assert failing(*cells) == {"report_ae.printed": "report-never-printed"}
    assert "the run printed 0.290" in judged(*cells)["report_ae.printed"].message


def test_a_figure_that_belongs_to_another_method():
    cells = [*runs(first="0.258", third="0.320"), report()]
    assert failing(*cells) == {"report_ae.printed": "report-printed-for-other-method"}
    assert "belongs to Method III" in judged(*cells)["report_ae.printed"].message


def test_no_outputs_at_all():
    cells = [cell if isinstance(cell, str) or cell[0] == "#" else cell[0] for cell in runs()]
    assert set(failing(*cells, report()).values()) == {"report-no-outputs"}


def test_a_typed_number_is_no_evidence():
    typed = ('print("Accuracy on the test set: 0.320")', PRINTED.format("0.320"))
    assert (
        failing(*runs(first="0.290"), ("#", "## Method I"), typed, report())["report_ae.printed"]
        == "report-never-printed"
    )


def test_runs_whose_owner_cannot_be_told_may_be_any():
    loop = "for e, c in pairs:\n    test(e, c, test_loader)"
    printed = "\n".join(PRINTED.format(value) for value in ("0.320", "0.435", "0.258", "0.802"))
    assert failing((loop, printed), report()) == {}
    assert set(read_evidence(notebook((loop, printed))).printed) == {UNTOLD}


def test_unnamed_methods_under_one_heading_are_not_taken_for_it():
    cells = [
        ("#", "## Method I"),
        TRAIN.format(1),
        ("test(a, b, c)", "0.320"),
        TRAIN.format(2),
        ("test(a, b, c)", "0.435"),
    ]
    cells += [TRAIN.format(3), ("test(a, b, c)", "0.258")]
    assert "report_ae.printed" not in failing(*cells, report())


def test_a_labelled_line_is_told():
    lines = "Method I: acc 0.320\nMethod II: acc 0.435\nMethod III: acc 0.258\nCLIP: acc 0.802"
    assert failing(("evaluate_all()", lines), report()) == {}
    exchanged = lines.replace("0.320", "x").replace("0.435", "0.320").replace("x", "0.435")
    assert failing(("evaluate_all()", exchanged), report())["report_ae.printed"] == "report-printed-for-other-method"


def test_a_training_log_is_no_evidence():
    log = "\n".join(f"epoch {epoch}: loss {0.3 + epoch / 1000:.3f}" for epoch in range(100))
    cells = [(TRAIN.format(1) + "\ntest(a, b, c)", log), *runs(first="0.290"), report()]
    assert failing(*cells) == {"report_ae.printed": "report-never-printed"}


@pytest.mark.parametrize("frame", PS7.every_frame, ids=lambda frame: frame.name)
def test_of_our_own_notebooks_it_is_known_which_run_printed_what(frame):
    printed = read_evidence(frames.submission(PS7, "solution", frame)).printed
    assert {name: [figure.percent for figure in found] for name, found in printed.items()} == {
        "method_1": [32.0],
        "method_2": [43.5],
        "method_3": [25.8],
        "clip": [80.2],
    }


def test_our_own_notebooks():
    assert all(
        finding.passed
        for checks in findings_of(frames.submission(PS7, "solution")).values()
        for finding in checks.values()
    )
    assert not any(
        finding.passed
        for checks in findings_of(frames.submission(PS7, "template")).values()
        for finding in checks.values()
    )
