"""Filling: modules that compute the same get the same values, however they are written."""

from hypothesis import given
from hypothesis import strategies as st

from tests.late import Late, functional, nn, torch

seeding = Late("autograder.ps7.guest.probes.seeding")

SIZES = ((3, 12), (12, 24), (24, 48), (48, 24))


def attributes(order):
    """The layers under names of their own, made in any order."""

    class Attributes(nn.Module):
        def __init__(self):
            super().__init__()
            for index in order:
                setattr(self, f"layer_{index}", nn.Conv2d(*SIZES[index], 4, 2, 1))

        def forward(self, x):
            for index in range(4):
                x = torch.relu(getattr(self, f"layer_{index}")(x))
            return x

    return Attributes()


def loose():
    """A module without layers: weights in one list, biases in another."""

    class Loose(nn.Module):
        def __init__(self):
            super().__init__()
            self.biases = nn.ParameterList(nn.Parameter(torch.zeros(out)) for _, out in SIZES)
            self.weights = nn.ParameterList(nn.Parameter(torch.zeros(out, into, 4, 4)) for into, out in SIZES)

        def forward(self, x):
            for weight, bias in zip(self.weights, self.biases, strict=True):
                x = functional.relu(functional.conv2d(x, weight, bias, stride=2, padding=1))
            return x

    return Loose()


def sequential():
    return nn.Sequential(*(layer for into, out in SIZES for layer in (nn.Conv2d(into, out, 4, 2, 1), nn.ReLU())))


def output(module, seed=3):
    seeding.fill(module, seed)
    return module(seeding.normal(seed, "input", (2, 3, 64, 64)))


@given(st.permutations(range(4)))
def test_names_and_the_order_of_making_do_not_matter(order):
    assert torch.equal(output(attributes(order)), output(sequential()))


def test_loose_parameters_are_filled_as_layers_are():
    assert torch.equal(output(loose()), output(sequential()))


def test_every_seed_gives_another_function():
    assert not torch.allclose(output(sequential(), 3), output(sequential(), 4))


def test_layers_of_one_shape_get_different_values():
    module = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    seeding.fill(module, 1)
    assert not torch.equal(module[0].weight, module[1].weight)
    assert not torch.equal(module[0].bias, module[1].bias)


def test_activations_have_work_to_do():
    """After every layer both signs are common, so that a missing ReLU shows."""
    module = sequential()
    seeding.fill(module, 5)
    x = seeding.normal(5, "input", (2, 3, 64, 64))
    for layer in module:
        if isinstance(layer, nn.Conv2d):
            assert 0.2 < float((layer(x) > 0).float().mean()) < 0.8
        x = layer(x)


def test_images_are_pictures():
    pictures = seeding.images(1, 5)
    assert pictures.shape == (5, 3, 64, 64)
    assert float(pictures.min()) >= 0
    assert float(pictures.max()) < 1
    assert torch.equal(pictures, seeding.images(1, 5))


@given(st.integers(1, 50_000))
def test_a_sample_is_small_and_meets_the_whole_tensor(size):
    values = seeding.sample(torch.arange(size).float())
    assert 1 <= len(values) <= 900
    assert values[-1] >= size * 0.99 - 130
