"""Layers as the running operations show them."""

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
            ["linear 768 -> 2, then GELU", "dropout"],
        ),
        (lambda: nn.Tanh(), ["tanh"]),  # noqa: PLW0108 - torch is not imported yet
        (lambda: lambda x: functional.normalize(nn.Linear(16, 2)(x), dim=-1), ["linear 16 -> 2"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).clamp_min(0), ["linear 16 -> 2, then clamp at 0"]),
        (lambda: nn.Linear(16, 2, bias=False), ["linear 16 -> 2, without bias"]),
        (lambda: lambda x: x @ torch.ones(16, 2), ["linear 16 -> 2, without bias"]),
        (lambda: lambda x: x @ torch.ones(16, 2) + torch.ones(2), ["linear 16 -> 2"]),
        (lambda: lambda x: functional.hardsigmoid(nn.Linear(16, 2)(x)), ["linear 16 -> 2, then hard sigmoid"]),
        (lambda: lambda x: x.sigmoid().clamp(0, 1), ["sigmoid"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).sigmoid().clamp(0, 1), ["linear 16 -> 2, then sigmoid"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).sigmoid().clamp(min=-1), ["linear 16 -> 2, then sigmoid"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).sigmoid().clamp(0.1, 1), ["linear 16 -> 2, then sigmoid, then clamp"]),
        (lambda: lambda x: nn.Linear(16, 2)(x).sigmoid().relu(), ["linear 16 -> 2, then sigmoid, then ReLU"]),
    ],
)
def test_sentences(make, layers):
    assert trace(make()).layers == layers


def cell(text, number=3):
    """The names that a code cell of that number defines."""
    names = {"torch": torch, "nn": nn, "functional": functional}
    exec(compile(text, f"{CELL}{number}", "exec"), names)
    return names


def test_arithmetic_beside_the_layers_is_listed_with_its_place():
    text = "layer = nn.Conv2d(3, 8, 4)\ndef f(x):\n    x = x / 255\n    return layer(x).abs() * 2"
    assert trace(cell(text)["f"]).beside == [
        "a division before layer 1, in code cell 3, line 3",
        "an absolute value after layer 1, in code cell 3, line 4",
        "a multiplication after layer 1, in code cell 3, line 4",
    ]


def test_of_a_step_what_depends_on_parameters_is_listed_and_what_others_compute_is_not():
    text = (
        "def step(model, x, optimizer):\n    optimizer.zero_grad()\n    x = x * 2 + torch.rand_like(x)\n"
        "    loss = functional.mse_loss(model(x), x)\n    loss = loss + sum(p.abs().sum() for p in model.parameters())\n"
        "    loss.backward()\n    optimizer.step()\n    accuracy = (x > 0).float().mean()"
    )
    model = nn.Linear(4, 4)
    with layer_trace.StepTrace() as steps:
        cell(text)["step"](model, torch.ones(2, 4), torch.optim.Adam(model.parameters()))
    assert steps.computed == ["an absolute value, in code cell 3, line 5", "a sum or mean, in code cell 3, line 5"]


@pytest.mark.parametrize("hold", [list, tuple, lambda layers: dict(enumerate(layers))])
def test_layers_in_a_list_of_pythons_own_are_not_registered(hold):
    module = nn.Module()
    module.steps, module.sizes, module.good = hold([nn.ReLU()]), [1, 2], nn.ModuleList([nn.ReLU()])
    assert layer_trace.unregistered(module) == ["self.steps"]


def test_a_network_without_end_gives_a_list_with_an_end():
    assert len(trace(nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(100)))).layers) == layer_trace.MOST


def test_the_same_operation_at_the_same_place_of_a_notebook_is_counted():
    cell = {"torch": torch}
    text = "def rows(x):\n    return [row + 1 for row in x]\ndef once(x):\n    return (x + 1) + (x + 2) + (x + 3)"
    exec(compile(text, f"{CELL}1", "exec"), cell)
    assert trace(cell["rows"], (50, 3)).repeats == 50
    assert trace(cell["once"], (50, 3)).repeats == 1
    assert trace(lambda x: [row + 1 for row in x], (50, 3)).repeats == 0  # no cell
