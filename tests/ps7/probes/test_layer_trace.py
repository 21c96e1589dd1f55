"""Layers as they are seen from the operations that run."""

import pytest

from autograder.guest.namespace import CELL
from tests.late import Late, functional, nn, torch

layer_trace = Late("autograder.ps7.guest.probes.layer_trace")


def trace(function, shape=(1, 3, 16, 16)):
    with layer_trace.LayerTrace() as seen:
        function(torch.zeros(shape))
    return seen


@pytest.mark.parametrize(
    ("make", "layers"),
    [
        (
            lambda: nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU()),
            ["conv 3 -> 8, kernel 4, stride 2, padding 1, then ReLU"],
        ),
        (
            lambda: lambda x: functional.relu_(nn.Conv2d(3, 8, 4, 2, 1)(x)),
            ["conv 3 -> 8, kernel 4, stride 2, padding 1, then ReLU"],
        ),
        (
            lambda: nn.ConvTranspose2d(3, 8, 4, 2, 1),
            ["transposed conv 3 -> 8, kernel 4, stride 2, padding 1"],
        ),
        (
            lambda: nn.Conv2d(3, 8, (3, 5), dilation=2),
            ["conv 3 -> 8, kernel 3x5, stride 1, padding 0, dilation 2"],
        ),
        (lambda: nn.Sequential(nn.Upsample(scale_factor=2), nn.Sigmoid()), ["upsampling, then sigmoid"]),
        (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.MaxPool2d(2)), ["batch norm", "max pooling"]),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(768, 2), nn.GELU(), nn.Dropout()),
            ["linear, then GELU", "dropout"],
        ),
        (lambda: nn.Tanh(), ["tanh"]),  # noqa: PLW0108 - torch is not imported yet
        (lambda: lambda x: functional.normalize(nn.Linear(16, 2)(x), dim=-1), ["linear"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).clamp_min(0), ["linear, then clamp at 0"]),
    ],
)
def test_sentences(make, layers):
    assert trace(make()).layers == layers


def test_a_network_without_end_gives_a_list_with_an_end():
    assert len(trace(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(100)))).layers) == layer_trace.MOST


def test_the_same_operation_at_the_same_place_of_a_notebook_is_counted():
    cell = {"torch": torch}
    text = "def rows(x):\n    return [row + 1 for row in x]\ndef once(x):\n    return (x + 1) + (x + 2) + (x + 3)"
    exec(compile(text, f"{CELL}1", "exec"), cell)
    assert trace(cell["rows"], (50, 3)).repeats == 50
    assert trace(cell["once"], (50, 3)).repeats == 1
    assert trace(lambda x: [row + 1 for row in x], (50, 3)).repeats == 0  # no cell
