"""`check --annotate` and `grade --annotate`, `--pdf`: pages of a notebook with its verdicts."""

import json
import re

import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.student.output import printing
from tests.invoking import invoke

ENCODER = (
    "import torch\nfrom torch import nn\nclass Encoder(nn.Module):\n    def forward(self, x):\n        return x @ 7"
)


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("![mine](figure.png)"), nbformat.v4.new_code_cell(ENCODER)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "hw.ipynb")
    return tmp_path / "hw.ipynb"


@pytest.mark.parametrize("command", [["check"], ["grade", "--json"]])
def test_the_notebook_has_its_verdicts_in_it(command, notebook, tmp_path):
    (tmp_path / "figure.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(16))
    command, *options = command
    items = ["encoder"] if command == "check" else []
    done = invoke([command, notebook, *items, *options, "--annotate", tmp_path / "page.html"], PS7)
    assert done.exit_code == (1 if command == "check" else 0), done.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.index("return") < page.index('id="item-encoder"')
    assert 'class="hll"' in page
    assert "data:image/png" in page


@pytest.mark.parametrize("source", [ENCODER.replace("7", "1 /"), f"{ENCODER}\n\n{ENCODER}"])
def test_it_stands_below_the_last_definition_also_where_that_does_not_parse(source, tmp_path):
    cells = [nbformat.v4.new_code_cell(each) for each in ("x = 1", source, "y = 2")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "hw.ipynb")
    done = invoke(["check", tmp_path / "hw.ipynb", "encoder", "--annotate", tmp_path / "page.html"], PS7)
    assert done.exit_code == 1
    body = (tmp_path / "page.html").read_text(encoding="utf-8").split("<body>")[1]
    first, second, third = (found.start() for found in re.finditer('<div class="cell code">', body))
    assert first < second < body.index('<section id="item-encoder">') < third


def test_a_page_that_cannot_be_written_takes_nothing_from_the_results(notebook, tmp_path):
    out = tmp_path / "results.json"
    done = invoke(["grade", notebook, "--out", out, "--annotate", "/proc/a.html", "--html", "/proc/b.html"], PS7)
    assert done.exit_code == 0
    assert "/proc/a.html cannot be written" in " ".join(done.output.split())
    assert "/proc/b.html cannot be written" in " ".join(done.output.split())
    assert json.loads(out.read_text())["tests"]


def test_of_what_holds_no_notebook_there_are_results_and_no_page(tmp_path):
    (tmp_path / "hw.ipynb").write_text("{")
    done = invoke(["grade", tmp_path / "hw.ipynb", "--json", "--annotate", tmp_path / "page.html"], PS7)
    assert done.exit_code == 0
    assert not (tmp_path / "page.html").exists()


@pytest.mark.slow
def test_a_graded_notebook_can_be_printed_and_a_failure_is_said(notebook, tmp_path):
    out, pdf = tmp_path / "results.json", tmp_path / "hw.pdf"
    done = invoke(["grade", notebook, "--out", out, "--pdf", pdf], PS7)
    assert done.exit_code == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    done = invoke(["grade", notebook, "--out", out, "--pdf", "/proc/hw.pdf"], PS7)
    assert done.exit_code == 0
    assert "/proc/hw.pdf was not written" in " ".join(done.output.split())


def test_a_course_can_have_each_notebook_printed_and_is_told_where_that_fails(notebook, tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text("pdf = true")
    graded = ["grade", notebook, "--out", tmp_path / "out" / "results.json", "--config", tmp_path / "config.toml"]
    assert invoke(graded, PS7).exit_code == 0
    assert (tmp_path / "out" / "notebook.pdf").read_bytes().startswith(b"%PDF")
    monkeypatch.setattr(printing, "browsers", lambda: iter(()))
    monkeypatch.setattr(printing, "find_spec", lambda _: None)
    assert invoke(graded, PS7).exit_code == 0
    last = json.loads((tmp_path / "out" / "results.json").read_text())["tests"][-1]
    assert last["visibility"] == "hidden"
    assert "notebook.pdf was not written" in last["output"]
