"""Layers as they are seen from the operations that run."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from autograder.assignment.probes.layer_trace import MOST, LayerTrace


def trace(function, shape=(1, 3, 16, 16)):
    with LayerTrace() as seen:
        function(torch.zeros(shape))
    return seen


@pytest.mark.parametrize(
    ("function", "layers"),
    [
        (nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU()), ["conv 3 -> 8, kernel 4, stride 2, padding 1, then ReLU"]),
        (
            lambda x: functional.relu_(nn.Conv2d(3, 8, 4, 2, 1)(x)),
            ["conv 3 -> 8, kernel 4, stride 2, padding 1, then ReLU"],
        ),
        (nn.ConvTranspose2d(3, 8, 4, 2, 1), ["transposed conv 3 -> 8, kernel 4, stride 2, padding 1"]),
        (nn.Conv2d(3, 8, (3, 5), dilation=2), ["conv 3 -> 8, kernel 3x5, stride 1, padding 0, dilation 2"]),
        (nn.Sequential(nn.Upsample(scale_factor=2), nn.Sigmoid()), ["upsampling, then sigmoid"]),
        (nn.Sequential(nn.BatchNorm2d(3), nn.MaxPool2d(2)), ["batch norm", "max pooling"]),
        (nn.Sequential(nn.Flatten(), nn.Linear(768, 2), nn.GELU(), nn.Dropout()), ["linear, then GELU", "dropout"]),
        (nn.Tanh(), ["tanh"]),
        (lambda x: functional.normalize(nn.Linear(16, 2)(x), dim=-1), ["linear"]),
        (lambda x: nn.Linear(16, 2)(x).clamp_min(0), ["linear, then clamp at 0"]),
    ],
)
def test_sentences(function, layers):
    assert trace(function).layers == layers


def test_a_network_without_end_gives_a_list_with_an_end():
    assert len(trace(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(100)))).layers) == MOST


def test_operations_are_counted():
    assert trace(lambda x: [x + 1 for _ in range(50)]).operations == 51  # the zeros are the first
