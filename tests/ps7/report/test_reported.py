"""Reports in the styles of many students, read back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.ps7.student.report import read_evidence
from autograder.ps7.student.report.figures import Figure, figures
from autograder.ps7.student.report.markup import LONGEST
from autograder.ps7.student.report.sentences import NOTHING
from autograder.ps7.student.report.statements import statements
from autograder.ps7.student.report.words import words
from tests.notebooks import notebook

ALL = {"method_1": 32.0, "method_2": 43.5, "method_3": 25.8, "clip": 80.2}
METHODS = {name: ALL[name] for name in ("method_1", "method_2", "method_3")}
STYLES = {
    "list": "- Method I: 32.0 %\n- Method II: 43.5 %\n- Method III: 25.8 %\n- CLIP: 80.2 %",
    "described list": "- Method I (pretrained encoder, frozen): 32.0 %\n- Method II (encoder trained with the classifier): 43.5 %\n"
    "- Method III (random encoder, frozen): 25.8 %\n- Linear probe on CLIP's image encoder: 80.2 %",
    "fractions": "Method 1 = 0.320\nMethod 2 = 0.435\nMethod 3 = 0.258\nlinear probe = 0.802",
    "no leading zero": "Method I .320, Method II .435, Method III .258, CLIP .802",
    "bold": "**Method I**: **32.0%**\n\n**Method II**: **43.5%**\n\n**Method III**: **25.8%**\n\n**CLIP**: **80.2%**",
    "rows": "| Method | Accuracy |\n|---|---|\n| I | 0.320 |\n| II | 0.435 |\n| III | 0.258 |\n| CLIP | 0.802 |",
    "numbered rows": "| Method | Acc. |\n|---|---|\n| 1 | 32.0 |\n| 2 | 43.5 |\n| 3 | 25.8 |\n| CLIP | 80.2 |",
    "columns": "| Method I | Method II | Method III | CLIP |\n|---|---|---|---|\n| 32.0 | 43.5 | 25.8 | 80.2 |",
    "rows with more columns": "| | test acc | epochs |\n|-|-|-|\n| Method I | 32.0 % | 100 |\n| Method II | 43.5 % | 100 |\n"
    "| Method III | 25.8 % | 100 |\n| CLIP probe | 80.2 % | 100 |",
    "HTML": "<table><tr><td>Method I</td><td>32.0%</td></tr><tr><td>Method II</td><td>43.5%</td></tr>"
    "<tr><td>Method III</td><td>25.8%</td></tr><tr><td>CLIP</td><td>80.2%</td></tr></table>",
    "LaTeX": "Method I: $32.0\\%$\n\nMethod II: $43.5\\%$\n\nMethod III: $25.8\\%$\n\nCLIP: $80.2\\%$",
    "commas": "Methode I: 32,0 %\nMethode II: 43,5 %\nMethode III: 25,8 %\nCLIP: 80,2 %",
    "figure first": "We got 32.0 % with Method I, 43.5 % with Method II and 25.8 % with Method III. The CLIP probe reached 80.2 %.",
    "respectively": "Methods I, II and III reached 32.0 %, 43.5 % and 25.8 % respectively.\n\nCLIP: 80.2 %",
    "number below": "### Method I\n32.0 %\n### Method II\n43.5 %\n### Method III\n25.8 %\n### CLIP\n80.2 %",
    "numerals alone": "I: 32.0, II: 43.5, III: 25.8, CLIP: 80.2",
    "slashes": "I .320 / II .435 / III .258 / CLIP .802",
    "descriptions alone": "- Pretrained encoder: 32.0 %\n- Supervised: 43.5 %\n- Random encoder: 25.8 %\n- CLIP image encoder: 80.2 %",
    "other numbers": "Method I, 100 epochs on 10,000 images of 64x64 with lr 1e-3: 32.0 %\nMethod II (128 per batch): 43.5 %\n"
    "Method III, 384 features: 25.8 %\nCLIP (ResNet-50, 2048 features, 3 epochs): 80.2 %",
    "train and test": "Method I: train 45.1 %, test 32.0 %\nMethod II: train 88.0 %, test 43.5 %\nMethod III: train 30.1 %, test 25.8 %\n"
    "CLIP: train 91.0 %, test 80.2 %",
    "with discussion": "Method I: 32.0 %\nMethod II: 43.5 %\nMethod III: 25.8 %\nCLIP: 80.2 %\n\nMethod II beats Method I by 11.5 points, as it "
    "sees labels. CLIP is 48 points better than Method I.",
    "in words": "The accuracy of method one is 32.0 percent, of method two 43.5 percent, of method three 25.8 percent, of CLIP 80.2 percent.",
    "Chinese": "方法1：32.0%\n方法2：43.5%\n方法3：25.8%\nCLIP：80.2%",
    "underscores": "method_1 = 32.0\nmethod_2 = 43.5\nmethod_3 = 25.8\nclip = 80.2",
}


def reported(*cells):
    return {name: read.figure.percent for name, read in read_evidence(notebook(*cells)).reported.items()}


@pytest.mark.parametrize("style", STYLES)
def test_a_style_of_report(style):
    assert reported(("#", f"## Report\n\n{STYLES[style]}")) == ALL
    assert reported(("#", "## Report"), ("#", STYLES[style])) == ALL
    assert reported(("#", STYLES[style])) == ALL


@pytest.mark.parametrize("style", ["list", "fractions", "no leading zero", "rows", "commas", "in words"])
def test_a_report_that_was_printed(style):
    assert reported(("#", "# Report"), ("show(report)", STYLES[style])) == ALL


def test_a_report_printed_without_saved_outputs_is_read_from_its_strings():
    assert (
        reported(("#", "# Report"), 'print("Method I: 32.0 %")\nprint("Method II: 43.5 %, Method III: 25.8 %")')
        == METHODS
    )


TASK = (
    "#",
    "### Problem 7.1 (5 points)\nTrain for 100 epochs. Method I should reach about 30 %, Method II above 40 %, Method III is the worst. "
    "The probe on CLIP reaches 75 % or more.",
)


def test_the_task_is_no_report():
    assert (
        reported(
            TASK, ("#", "## Report\n- Method I: 32.0 %\n- Method II: 43.5 %\n- Method III: 25.8 %\n- CLIP: 80.2 %")
        )
        == ALL
    )
    assert not {"method_2", "method_3", "clip"} & set(reported(TASK))


@pytest.mark.parametrize("blank", ["___ %", "TODO", "...", "XX %", "??", "[ ]"])
def test_a_blank_is_no_figure(blank):
    assert (
        reported(
            TASK, ("#", f"## Report\n- Method I: {blank}\n- Method II: {blank}\n- Method III: {blank}\n- CLIP: {blank}")
        )
        == {}
    )


def test_one_blank_among_figures():
    assert reported(("#", "## Report\n- Method I: 32.0 %\n- Method II: ___ %\n- Method III: 25.8 %")) == {
        "method_1": 32.0,
        "method_3": 25.8,
    }


def test_the_last_report_counts():
    first = STYLES["list"].replace("32.0", "31.0")
    assert reported(("#", "## Results\n" + first), ("#", "## Results, second run\n" + STYLES["list"])) == ALL


def test_a_report_in_two_sections():
    first, last = STYLES["list"].rsplit("\n", 1)
    assert reported(("#", "## Report 7.1\n" + first), "x = 1", ("#", "## Report 7.2\n" + last)) == ALL


@pytest.mark.parametrize(
    "comment", ["# learning rate 0.001, dropout 0.5", "# 0.30399", "# keep 90 % of them", 'config = {"clip": 0.07}']
)
def test_what_stands_in_the_code_below_a_report_is_not_part_of_it(comment):
    report = "### Report\n" + STYLES["list"]
    settings = f'image_encoder_model = "resnet50"\nimage_path = "/content/images"\n{comment}\nbatch_size = 32'
    assert reported(("#", report), settings) == ALL


def test_a_comment_that_says_what_it_is_of_is_a_report_among_code_too():
    cell = "accuracy = test(encoder, cls, test_loader)\n# Method I: 32.0 %"
    assert reported(("#", "### Report"), cell) == {"method_1": 32.0}


def test_code_after_a_report_at_the_top_is_not_part_of_it():
    code = 'config = {"clip": 0.07, "weight decay": 0.001}'
    assert reported(("#", "## Report\n" + STYLES["list"]), ("#", "## Set-up"), code) == ALL


PERCENT = st.integers(100, 999).map(lambda tenths: tenths / 10)
PATTERNS = (
    "Method I: {0} %\nMethod II: {1} %\nMethod III: {2} %\nCLIP: {3} %",
    "| I | {0} |\n| II | {1} |\n| III | {2} |\n| CLIP | {3} |",
)


@given(st.tuples(PERCENT, PERCENT, PERCENT, PERCENT), st.sampled_from(PATTERNS))
def test_whatever_is_reported_is_read_back(values, pattern):
    assert tuple(reported(("#", "## Report\n" + pattern.format(*values))).values()) == pytest.approx(values)


@given(st.text(alphabet="MethodIVclip 0123456789.,%|:-_\n#()*$\\", max_size=400))
def test_any_text_is_read_without_a_complaint(text):
    read_evidence(notebook(("#", text), (text, text)))
    assert all(said.figure == NOTHING or 0 <= said.figure.percent <= 100 for said in statements(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Method I ",
            "Method I clip ",
            "0.32 ",
            "|",
            "<a",
            "1,",
            "I",
            "I 0.3 ",
            "method 1, 2 and 3 ",
            "test train 0.5 ",
        ),
        *(
            "Method I\n",
            "| I | 3.2 |\n",
            "a  32.0\n",
            "<table",
            "<!--",
            "\\begin{",
            "方法一32%",
            "pretrained, random ",
            "(",
            "___ ",
        ),
    ],
)
def test_a_text_of_any_length_takes_no_more_time_than_a_long_one(text):
    def seconds(length):
        started = time.process_time()
        statements((text * length)[:length])
        return time.process_time() - started

    long = min(seconds(LONGEST) for _ in range(3))
    assert min(seconds(20 * LONGEST) for _ in range(3)) < 3 * long + 0.05


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("0.320", "32.0 %", True),
        ("32 %", "0.3203125", True),
        ("0.3262", "32 %", True),
        ("0.3262", "33 %", True),
        ("0.3262", "34 %", False),
        ("0.435", "44 %", True),
        ("0.431", "44 %", False),
        ("32.0 %", "32.1 %", False),
        ("32.04 %", "32.0 %", True),
    ],
)
def test_rounding(one, other, agree):
    first, second = (next(figures(text, words(text))).figure for text in (one, other))
    assert first.agrees(second) is agree
    assert second.agrees(first) is agree


def test_a_figure_agrees_with_itself():
    assert Figure(32.0, 0.1, "32.0").agrees(Figure(32.0, 0.1, "32.0"))


TABLES = {
    "train and test": "| method | train accuracy | test accuracy |\n|--|--|--|\n| 1 | 33.4 | 32.0 |\n| 2 | 97.1 | 43.5 |\n| 3 | 26.9 | 25.8 |",
    "train and test for each method": "| | Method I | Method II | Method III |\n|--|--|--|--|\n| train | 33 | 97 | 26 |\n| test | 32.0 | 43.5 | 25.8 |",
    "epochs and rates, aligned": "method     epochs  lr     accuracy\nI          100     0.001  0.32\nII         100     0.001  0.435\nIII        100     0.001  0.258",
    "what was expected beside it": "| method | expected | accuracy |\n|--|--|--|\n| 1 | 30 % | 32.0 % |\n| 2 | 40 % | 43.5 % |\n| 3 | 25 % | 25.8 % |",
    "one column alone": "| method | accuracy |\n|--|--|\n| 1 | 32.0 |\n| 2 | 43.5 |\n| 3 | 25.8 |",
    "methods as columns": "| Method I | Method II | Method III |\n|--|--|--|\n| 32.0 % | 43.5 % | 25.8 % |",
}


@pytest.mark.parametrize("table", TABLES)
def test_tables_with_other_columns(table):
    assert reported(("#", "## Report\n\n" + TABLES[table])) == METHODS
