"""A notebook as a page with the verdicts in it."""

import re

import msgspec
import nbformat

from autograder.student.output.annotated import marked, render
from autograder.student.output.results import DETAILS, PLACE, from_verdicts
from tests.output.reports import verdict

v4 = nbformat.v4


def at(place, item="encoder", message="Wrong.", **more):
    return msgspec.structs.replace(verdict(item=item, message=message, **more), place=place)


def shown(*verdicts, cells=None, folder=None):
    cells = cells or [
        v4.new_markdown_cell("# Mine"),
        v4.new_code_cell("class Encoder:\n    pass"),
        v4.new_raw_cell("raw"),
        v4.new_code_cell("class CLIPModel:\n    pass"),
        v4.new_markdown_cell("Method I: 30 %"),
    ]
    page = render({"cells": cells}, from_verdicts(verdicts), title="Set 7", name="hw.ipynb", folder=folder)
    return re.sub(r"</?span[^>]*>", "", page.split("<body>")[1])


def test_each_item_stands_below_the_cell_that_it_is_about():
    page = shown(
        at("code cell 1", message="About the encoder."),
        at("code cell 2", "clip_model", "About the model.", number="7.2.2.1"),
    )
    order = ["# Mine", "class Encoder", "About the encoder.", "class CLIPModel", "About the model.", "Method I: 30 %"]
    places = [page.index(words.removeprefix("# ")) for words in order]
    assert places == sorted(places)
    assert page.count("About the encoder.") == 1


def test_a_text_cell_can_be_meant():
    page = shown(at("text cell 2", message="About the report."))
    assert page.index("Method I: 30 %") < page.index("About the report.")


def test_what_is_about_no_single_cell_stands_at_the_end_and_once():
    for place in ("", "code cell 99"):
        page = shown(at(place, message="About something."))
        assert page.count("About something.") == 1
        assert page.index("Method I: 30 %") < page.index("About something.")


def test_lines_that_are_named_are_marked():
    wrong = at("code cell 1", message="Your code raised `E` in\n\n- code cell 1, line 2 in `f`: `pass`")
    page = render(
        {"cells": [v4.new_code_cell("class Encoder:\n    pass\n    x = 1")]},
        from_verdicts([wrong]),
        title="t",
        name="n",
        folder=None,
    )
    [line] = re.findall(r'<span class="hll">(.*?)\n', page)
    assert re.sub("<[^>]*>", "", line).strip() == "pass"


def test_what_is_right_marks_nothing():
    tests = from_verdicts([at("code cell 1", message="code cell 1, line 2", score=0.5)]).tests
    assert marked([test for test in tests if test.status == "failed"]) == {}


def test_lines_of_several_cells():
    [test] = from_verdicts([at("", message="code cell 1, line 2 and code cell 12, line 30; code cell 1, line 4")]).tests
    assert marked([test]) == {"code cell 1": {2, 4}, "code cell 12": {30}}


def test_the_place_and_the_details_are_in_the_results():
    [test] = from_verdicts([at("code cell 3", message="A.\n\nB.", details="B.")]).tests
    assert (test.extra_data[PLACE], test.extra_data[DETAILS]) == ("code cell 3", "B.")


def test_nothing_of_the_notebook_runs():
    cells = [
        v4.new_markdown_cell("<script>alert(1)</script>"),
        v4.new_code_cell(
            "'</pre><script>alert(1)</script>'",
            outputs=[
                v4.new_output(
                    "display_data", data={"text/html": "<script>alert(1)</script><img src=x onerror=alert(1)>"}
                )
            ],
        ),
    ]
    page = shown(at("code cell 1"), cells=cells)
    assert "<script>alert" not in page
    assert not re.search(r"<[^>]*\bonerror", page)
