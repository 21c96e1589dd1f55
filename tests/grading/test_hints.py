"""Hints for the exceptions that PyTorch and Python really raise."""

import numpy as np
import pytest

from autograder.student.grading.hints import hint, known
from tests.late import functional, nn, torch


def late():
    class Late(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 2)

    return Late()


def never():
    class Never(nn.Module):
        def __init__(self):
            self.size = 3

        def forward(self, x):
            return x

    return Never()


def none():
    raise ValueError("Encoder gives None, not a tensor.")  # a probe's own words


def twice():
    loss = (torch.ones(2, requires_grad=True) ** 2).sum()
    loss.backward()
    loss.backward()


def in_place():
    x = torch.ones(2, requires_grad=True).sigmoid()
    y = x**2
    x += 1
    y.sum().backward()


def one(x):
    return x


def leaf():
    torch.ones(2, requires_grad=True).add_(1)


RAISING = {
    "comes after the first layer": [late, lambda: never()(torch.ones(1)), lambda: list(never().parameters())],
    "have 5 features, but the matrix on the right expects 3": [lambda: nn.Linear(3, 2)(torch.ones(4, 5))],
    "No gradient can flow": [lambda: torch.ones(1).sum().backward()],
    "goes through the same computation twice": [twice],
    "expects 3 channels and gets 24": [
        lambda: nn.Conv2d(3, 4, 3)(torch.ones(1, 24, 8, 8)),
        lambda: nn.ConvTranspose2d(3, 4, 3)(torch.ones(1, 24, 8, 8)),
    ],
    "keep the number of values": [lambda: torch.ones(7).view(2, -1), lambda: torch.ones(7).reshape(2, 4)],
    "targets of a cross entropy": [lambda: functional.cross_entropy(torch.ones(2, 3), torch.ones(2))],
    "while gradients are recorded": [leaf],
    "was changed in place": [in_place],
    "whole tensor is true": [lambda: bool(torch.ones(2) > 0)],
    "plain Python numbers": [lambda: [1, 2, 3][torch.tensor([0, 1])], lambda: [1, 2, 3][np.array([0, 1])]],
    "before `.numpy()`": [lambda: torch.ones(1, requires_grad=True).numpy()],
    "ends without a `return`": [none],
    "A layer (ReLU) is used where a tensor is expected": [
        lambda: nn.Conv2d(3, 4, 3)(nn.ReLU(torch.ones(1, 3, 8, 8))),
        lambda: functional.relu(nn.ReLU(torch.ones(1))),
        lambda: nn.ReLU(torch.ones(1)).view(-1),
    ],
    "A layer (Linear) is used": [lambda: nn.Linear(2, 2)(nn.Linear(2, 2)), lambda: nn.Linear(2, 2).flatten(1)],
    "a function has no `return`": [lambda: [*None], lambda: None + 1],
    "A `self` may be missing": [one, lambda: one(1, 2)],
}


@pytest.mark.parametrize(("said", "raising"), [(said, each) for said, all_ in RAISING.items() for each in all_])
def test_of_a_real_exception(said, raising):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is asked
        raising()
    assert said in hint(str(caught.value))


def test_every_hint_is_tried():
    layers = sum(said.startswith("A layer (") for said in RAISING)  # one hint, in which the layer is named
    assert len(RAISING) - layers + 1 == len(known())


def test_of_what_is_not_known_nothing_is_said():
    assert hint("the dog ate it") == ""
