"""Definitions that differ only in layout have one digest."""

import pytest

from autograder.student.program import digest, outline
from tests.notebooks import notebook

TEXT = 'def f(x):\n    """Docs."""\n    y = [x,   1]  # why\n    """ YOUR CODE HERE """\n    return y'


@pytest.mark.parametrize(
    "other",
    [
        "def f(x):\n    y = [x, 1]\n    return y",
        "def f(x):\n    'Others.'\n\n    y = [\n        x,\n        1,\n    ]\n    return (y)",
        "import torch\n\ndef f(x):\n    y = [x, 1]\n    return y\n\nprint(f(2))",
    ],
)
def test_layout_comments_and_bare_strings_are_no_matter(other):
    assert digest(outline(notebook(TEXT)), "f") == digest(outline(notebook(other)), "f")


@pytest.mark.parametrize("other", ["def f(x):\n    return [x, 1]", "def f(x):\n    y = [x, 2]\n    return y", "g = 1"])
def test_any_other_text_is_another(other):
    assert digest(outline(notebook(TEXT)), "f") != digest(outline(notebook(other)), "f")


def test_the_last_definition_counts():
    assert digest(outline(notebook("def f():\n    pass", TEXT)), "f") == digest(outline(notebook(TEXT)), "f")


def test_it_is_the_same_in_every_python():
    text = 'def f(epoch, loss):\n    print(f"Epoch {epoch}, loss {loss:.3f}")\n    return epoch, *loss'
    assert digest(outline(notebook(text)), "f") == "5be9c640804c7865ef8f"
