"""What two notebooks have in common, whatever the second has renamed and laid out anew."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.staff.classes.likeness import compare
from autograder.staff.classes.shapes import Shape, shapes
from autograder.student.program import outline
from tests.notebooks import notebook

CODE = """
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.second = nn.Conv2d(16, 32, 3, stride=2, padding=1)

    def forward(self, x):
        hidden = torch.relu(self.first(x))
        for step in range(2):
            hidden = torch.relu(self.second(hidden)) + step
        return hidden.flatten(1)
"""
COPIED = '''
class Encoder(nn.Module):
    """My encoder."""

    def __init__(self) -> None:
        super().__init__()
        # first layer
        self.conv_a: nn.Module = nn.Conv2d(
            3, 16, 3, stride=2, padding=1)
        self.conv_b = nn.Conv2d(16, 32, 3, stride=2, padding=1)

    def forward(self, img: torch.Tensor):
        z = torch.relu(self.conv_a(img))
        for i in range(2): z = torch.relu(self.conv_b(z)) + i
        return z.flatten(1)
'''


def shapes_of(text: str, name: str = "Encoder") -> tuple[Shape, ...]:
    return shapes(outline(notebook("import torch\nfrom torch import nn", text)), [[name]])


def digests(text: str) -> list[str]:
    return [shape.digest for shape in shapes_of(text)]


def test_names_layout_comments_docstrings_and_hints_make_no_difference():
    assert digests(CODE) == digests(COPIED)
    assert len(digests(CODE)) > 5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("16, 32", "16, 64"),
        ("torch.relu(self.first(x))", "torch.tanh(self.first(x))"),
        ("+ step", "- step"),
        ("self.second(hidden)", "self.second(x)"),
        ("flatten(1)", "flatten(start_dim=1)"),
    ],
)
def test_another_number_operation_or_order_does(before, after):
    assert before in CODE
    assert digests(CODE)[0] != digests(CODE.replace(before, after))[0]


@given(st.lists(st.from_regex(r"[a-z]{5,8}_q", fullmatch=True), min_size=4, max_size=4, unique=True))
def test_whatever_the_names_are(names):
    text = CODE
    for old, new in zip(("first", "second", "hidden", "step"), names, strict=True):
        text = text.replace(old, new)
    assert digests(text) == digests(CODE)


def test_only_the_code_that_is_asked_for_counts():
    unused = CODE.replace("Encoder", "Unused")
    assert digests(CODE + unused) == digests(CODE)


def different(number: int) -> str:
    lines = "\n".join(f"    total = total * {number} + numbers[{number}] - {line}" for line in range(4))
    return f"def Encoder(numbers):\n    total = 0\n{lines}\n    return total\n"


def test_a_copy_is_the_first_pair_with_what_it_shares_side_by_side():
    submissions = {str(number): shapes_of(different(number)) for number in range(20)}
    submissions |= {"one": shapes_of(CODE), "other": shapes_of(COPIED)}
    likeness = compare(submissions, (), 10)
    first = likeness.pairs[0]
    assert (first.left, first.right, round(first.share, 6)) == ("one", "other", 1.0)
    [part] = first.parts
    assert part.left.source == CODE.strip()
    assert part.right.source == COPIED.strip()
    assert first.literal == 0
    assert likeness.usual == 0


def test_a_copy_letter_for_letter_is_told():
    indented = "if True:\n" + textwrap.indent(CODE.strip(), "    ")
    likeness = compare({"one": shapes_of(CODE), "other": shapes_of(indented)}, (), 10)
    assert [pair.literal for pair in likeness.pairs] == [1]


def test_what_was_handed_out_counts_nowhere():
    both = {"one": shapes_of(CODE), "other": shapes_of(COPIED)}
    assert compare(both, shapes_of(CODE), 10).pairs == ()


def test_what_all_write_says_nothing_of_two():
    assert compare({str(number): shapes_of(CODE) for number in range(30)}, (), 10).pairs == ()


def test_empty_code_is_like_no_other():
    assert compare({"one": (), "other": (), "third": shapes_of(CODE)}, (), 10).pairs == ()
