"""`check("encoder")` in a cell, in a real kernel."""

import sys

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.live import check
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames

WRONG = "class ProjectionHead(nn.Module):\n    def __init__(self, embedding_dim, projection_dim=256):\n        super().__init__()\n"
WRONG += "        self.linear = nn.Linear(embedding_dim, projection_dim)\n    def forward(self, x):\n        return self.linear(x)"


@pytest.fixture(scope="module")
def outputs():
    """Of the cells of one session, one after the other."""
    solved = frames.generate(PS7, "solution").cells
    graded = [cell.source for cell in solved if cell.source.startswith(("class Encoder", "class ProjectionHead"))]
    assert len(graded) == 2
    texts = [
        "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nfrom autograder.live import check\nprojection_dim = 256",
        WRONG,
        *graded,
        "marker = Encoder",
        'check("encoder", "projection_head")',
        WRONG,
        'check("projection_head")',
        "print(check('projection_head'))",
        'check("encodr")',
        "assert marker is Encoder and torch.is_grad_enabled()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(
        notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(PS7.project)}}
    ).execute()
    return [cell.outputs for cell in notebook.cells[-6:]]


def test_it_shows_a_table_of_what_has_been_run_last(outputs):
    [right], _, [wrong], *_ = outputs
    assert 'class="wrong"' not in right.data["text/html"]
    assert right.data["text/html"].count('class="right">✓') == 6
    assert 'class="wrong">✗' in wrong.data["text/html"]
    assert "normalise" in wrong.data["text/html"].lower()
    assert "✗" in wrong.data["text/plain"]


def test_as_text(outputs):
    assert outputs[3][0].text.startswith("Public checks   0.4 of 0.7 points\n")


def test_an_item_that_is_not_there_is_refused_with_those_that_are(outputs):
    assert outputs[4][0].ename == "ValueError"
    assert "the items are encoder, decoder" in outputs[4][0].evalue


def test_the_session_is_as_it_was(outputs):
    assert outputs[5] == []


def test_outside_a_notebook_it_names_the_command():
    assert "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None
    with pytest.raises(RuntimeError, match="ps7 check NOTEBOOK"):
        check("encoder")
