"""Probes of train_ae and train_classifier: what a few steps do to tiny models made here, so that no other item
matters."""

from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, TensorDataset

from autograder.assignment.probes.seeding import fill, generator, images, sample
from autograder.sandbox.namespace import Namespace

LEARNING_RATE = 1e-3
FEATURES = 24 * 4 * 4
DEAD_CHANNELS = 6


class TinyAutoencoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 3, 64, 64) with 393 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Conv2d(3, 4, kernel_size=4, stride=4)
        # The sigmoid belongs to the decoder, since some call encoder and decoder by themselves.
        self.decoder = nn.Sequential(nn.ConvTranspose2d(4, 3, kernel_size=4, stride=4), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The reconstruction."""
        reconstruction: torch.Tensor = self.decoder(self.encoder(x))
        return reconstruction


class TinyEncoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4). Some channels are dead: what moves behind them moves by weight decay alone."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 24, kernel_size=16, stride=16)
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features, all of them at least 0."""
        return torch.relu(self.convolution(x)) * self.scale


class StepCount:
    """While active, counts the steps of all of torch's optimizers, those that move nothing too."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "StepCount":
        self._hook = register_optimizer_step_pre_hook(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._hook.remove()

    def _note(self, *_: Any) -> None:
        self.count += 1


def train_ae(
    notebook: Namespace, *, seed: int, batch: int, batches: int, epochs: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a tiny autoencoder.

    Facts: what is returned, `moved`, and `steps` of the optimizer. Arrays: `movement` (of all parameters, in units of
    the learning rate), `trajectory`.
    """
    function = notebook["train_ae"]
    _frame(notebook, batch)
    torch.manual_seed(seed)
    model = TinyAutoencoder()
    fill(model, seed)
    before = _parameters(model)
    loader = _loader(seed, batch, batches)
    with notebook.theirs():
        with StepCount() as steps:
            trained, trajectory = _pair(function(model, loader, epochs))
        facts = {
            "returns_model": isinstance(trained, nn.Module),
            "trajectory_length": len(trajectory),
            "moved": bool((_parameters(model) != before).any()),
            "steps": steps.count,
        }
        return facts, {"movement": sample((_parameters(model) - before) / LEARNING_RATE), "trajectory": trajectory}


def train_classifier(
    notebook: Namespace, *, supervised: bool, seed: int, batch: int, batches: int, epochs: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a linear layer on a tiny encoder. Arrays: movements of both in units of the learning rate.

    Facts: what is returned, `classifier_moved`, `encoder_changed` over all its parameters and buffers, and `steps`.
    """
    function = notebook["train_classifier"]
    _frame(notebook, batch)
    torch.manual_seed(seed)
    encoder, classifier = TinyEncoder(), nn.Sequential(nn.Linear(FEATURES, 10))
    fill(encoder, seed)
    fill(classifier, seed + 1)
    with torch.no_grad():
        encoder.convolution.bias[:DEAD_CHANNELS] = -100.0
    encoder_before, classifier_before = _state(encoder), _parameters(classifier)
    loader = _loader(seed, batch, batches)
    with notebook.theirs():
        with StepCount() as steps:
            trained, trajectory = _pair(function(encoder, classifier, loader, epochs=epochs, supervised=supervised))
        facts = {
            "returns_classifier": isinstance(trained, nn.Module),
            "trajectory_length": len(trajectory),
            "encoder_changed": bool((_state(encoder) != encoder_before).any()),
            "classifier_moved": bool((_parameters(classifier) != classifier_before).any()),
            "steps": steps.count,
        }
        return facts, {
            "classifier_movement": sample((_parameters(classifier) - classifier_before) / LEARNING_RATE, 800),
            "encoder_movement": sample((_state(encoder) - encoder_before) / LEARNING_RATE),
        }


def _frame(notebook: Namespace, batch: int) -> None:
    """The globals of the given frame that training code may lean on."""
    notebook.put(batch_size=batch)
    notebook.provide(device=torch.device("cpu"), feat_dim=FEATURES)


def _loader(seed: int, batch: int, batches: int) -> DataLoader[Any]:
    count = batch * batches
    labels = torch.from_numpy(generator(seed, "labels").integers(0, 10, count))
    # A generator of its own: who shows reconstructions in between draws no random numbers that the training would have.
    return DataLoader(TensorDataset(images(seed, count), labels), batch_size=batch, generator=torch.Generator())


def _parameters(module: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().reshape(-1).clone() for parameter in module.parameters()])


def _state(module: nn.Module) -> torch.Tensor:
    return torch.cat([value.detach().reshape(-1).clone() for value in module.state_dict().values()])


def _pair(returned: Any) -> tuple[Any, list[float]]:
    """What a training function returned, as a model and a list of losses; None and [] for what is not there."""
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        return (returned if isinstance(returned, nn.Module) else None), []
    model, losses = returned
    return model, [float(loss) for loss in losses] if hasattr(losses, "__len__") else []
