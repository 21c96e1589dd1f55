"""Probes of train_ae and train_classifier: what a few steps do to tiny models made here, so that no other item
matters."""

from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, Dataset

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes.frame import BATCH, FEATURES, GLOBALS
from autograder.ps7.guest.probes.layer_trace import StepTrace
from autograder.ps7.guest.probes.seeding import fill, generator, images, parameters_of, sample

LEARNING_RATE = 1e-3
DEAD_CHANNELS = 6
MOST_IMAGES = 260
"""How many different images there are. More would only take time; no two minibatches of more pairs are the same."""
STILL_CLASS = 3
LONGEST_NAME = 30
SATURATED = 200.0
"""An input for which sigmoid and softmax have no gradient in 32 bits."""


class Enlarge(nn.Module):
    """(N, C, H, W) -> (N, C, 8 H, 8 W); every pixel becomes a square. Takes half the time of nn.Upsample."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The large image."""
        count, channels, height, width = x.shape
        squares = x[:, :, :, None, :, None].expand(count, channels, height, 8, width, 8)
        return squares.reshape(count, channels, 8 * height, 8 * width)


class TinyAutoencoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 3, 64, 64) with 112 parameters. The layers with parameters work on 8 by 8 pixels, so that a
    step costs as little as possible."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.AvgPool2d(8), nn.Conv2d(3, 4, kernel_size=2, stride=2))
        # The sigmoid is in the decoder, because some solutions call encoder and decoder separately.
        self.decoder = nn.Sequential(nn.Conv2d(4, 12, kernel_size=1), nn.PixelShuffle(2), nn.Sigmoid(), Enlarge())

    def saturate(self) -> None:
        """Makes every output 0, where the sigmoid has no gradient."""
        with torch.no_grad():
            self.decoder[0].bias.fill_(-SATURATED)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The reconstruction."""
        reconstruction: torch.Tensor = self.decoder(self.encoder(x))
        return reconstruction


class TinyEncoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4). Some channels are dead: the parameters behind them move by weight decay only."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 24, kernel_size=2, stride=2)
        self.register_buffer("scale", torch.ones(1))

    def die(self) -> None:
        """Shuts the channels that have to be dead."""
        with torch.no_grad():
            self.convolution.bias[:DEAD_CHANNELS] = -100.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features, all of them at least 0."""
        return torch.relu(self.convolution(nn.functional.avg_pool2d(x, 8))) * self.scale


class TinyImageEncoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 2048), with batch norm as in CLIP's ResNet."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.AvgPool2d(8), nn.Conv2d(3, 32, kernel_size=1), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features."""
        features: torch.Tensor = self.model(x)
        return features


class Pairs(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """As many pairs as labels. Where there are fewer images, they repeat."""

    def __init__(self, shown: torch.Tensor, labels: torch.Tensor) -> None:
        self._pairs = [(shown[number % len(shown)], label) for number, label in enumerate(labels)]

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self._pairs[index]


class Watch:
    """While active, counts the steps of all of torch's optimizers, also those that move nothing, and the gradients that
    reach `module`. What is `computed` is listed while its `trace` is active, too."""

    def __init__(self, module: nn.Module) -> None:
        self._arrived = [0 for _ in module.parameters()]
        self._held = [0 for _ in module.parameters()]
        self._module = module
        self._steps = 0
        self._optimizer = "none"
        self.trace = StepTrace()

    @property
    def facts(self) -> dict[str, Any]:
        """`steps`, `gradients` (of the parameter that got most), whether any `reached` it and how many `parameters` one
        has reached, the `optimizer` of the last step and what was `computed` beside it."""
        # Code that computes gradients without `backward` (torch.func) has them in place when the optimizer steps.
        each = [max(pair) for pair in zip(self._arrived, self._held, strict=True)]
        most = max(each, default=0)
        return {
            "steps": self._steps,
            "gradients": most,
            "reached": most > 0,
            "parameters": f"{sum(map(bool, each))} of {len(each)}",
            "optimizer": self._optimizer,
            "computed": self.trace.computed,
        }

    def __enter__(self) -> "Watch":
        self._hooks: list[Any] = [register_optimizer_step_pre_hook(self._note_step)]
        for index, parameter in enumerate(self._module.parameters()):
            self._hooks.append(parameter.register_hook(partial(self._note_gradient, index)))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _note_gradient(self, index: int, _: torch.Tensor) -> None:
        self._arrived[index] += 1

    def _note_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        self._steps += 1
        groups = optimizer.param_groups
        held = {id(parameter) for group in groups for parameter in group["params"]}
        parameters = list(self._module.parameters())
        for index, parameter in enumerate(parameters):
            is_unheard = id(parameter) in held and not self._arrived[index]
            if is_unheard and parameter.grad is not None and parameter.grad.any():
                self._held[index] += 1
        own = sum(id(parameter) in held for parameter in parameters)
        settings = (
            " and ".join(dict.fromkeys(f"{group.get(name, 0):g}" for group in groups))
            for name in ("lr", "weight_decay")
        )
        self._optimizer = "{}, lr {}, decay {}, {} of {} parameters".format(
            type(optimizer).__name__, *settings, own, len(parameters)
        )


def train_ae(
    notebook: Namespace, *, seed: int, count: int, epochs: int, still: bool = False, traced: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a tiny autoencoder on `count` images in the given notebook's minibatches; the last may be smaller. With
    `still` its loss stays the same from the first epoch on; with `traced` what is computed is listed.

    Facts: what is returned, `moved`, and those of Watch. Arrays: `movement` of all parameters in units of the learning
    rate, `trajectory`.
    """
    function = notebook["train_ae"]
    _frame(notebook, BATCH)
    torch.manual_seed(seed)
    model = TinyAutoencoder()
    fill(model, seed)
    if still:
        model.saturate()
    before = parameters_of(model)
    loader = _loader(seed, count)
    with notebook.theirs():
        with Watch(model) as watch, watch.trace if traced else nullcontext():
            trained, trajectory, returned = _pair(function(model, loader, epochs))
        facts = {
            "returned": returned,
            "returns_model": isinstance(trained, nn.Module),
            "trajectory_length": len(trajectory),
            "moved": bool((parameters_of(model) != before).any()),
            **watch.facts,
        }
        return facts, {"movement": sample((parameters_of(model) - before) / LEARNING_RATE), "trajectory": trajectory}


def train_classifier(
    notebook: Namespace,
    *,
    supervised: bool,
    seed: int,
    count: int,
    epochs: int,
    clip: bool = False,
    alike: bool = False,
    still: bool = False,
    traced: bool = False,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Trains a linear layer on a tiny encoder and `count` images, in the given notebook's minibatches. With `clip` it
    is the fourth call: an encoder in evaluation mode with batch norm and more features, where `batch_size` is CLIP's.

    A frozen encoder's features may be kept and shuffled anew, so where there are several minibatches of them all images
    are `alike`, and their order does not matter. With `still` the loss stays the same from the first epoch on; with
    `traced` what is computed is listed.

    Facts: what is returned, `classifier_moved`, `encoder_changed` over all its parameters and buffers, and those of
    Watch. Arrays: movements of both in units of the learning rate, `trajectory`.
    """
    function = notebook["train_classifier"]
    _frame(notebook, GLOBALS["batch_size"] if clip else BATCH)
    torch.manual_seed(seed)
    encoder = TinyImageEncoder().eval() if clip else TinyEncoder()
    classifier = nn.Sequential(nn.Linear(GLOBALS["image_embedding"] if clip else FEATURES, 10))
    fill(encoder, seed)
    fill(classifier, seed + 1)
    if isinstance(encoder, TinyEncoder):
        encoder.die()
    encoder_before, classifier_before = _state(encoder), parameters_of(classifier)
    if still:
        with torch.no_grad():
            classifier[0].bias[STILL_CLASS] = SATURATED
    loader = _loader(seed, count, alike=alike, label=STILL_CLASS if still else None)
    with notebook.theirs():
        with Watch(classifier) as watch, watch.trace if traced else nullcontext():
            given = function(encoder, classifier, loader, epochs=epochs, supervised=supervised)
        trained, trajectory, returned = _pair(given)
        facts = {
            "returned": returned,
            "returns_classifier": isinstance(trained, nn.Module),
            "trajectory_length": len(trajectory),
            "encoder_changed": bool((_state(encoder) != encoder_before).any()),
            "classifier_moved": bool((parameters_of(classifier) != classifier_before).any()),
            **watch.facts,
        }
        return facts, {
            "trajectory": trajectory,
            "classifier_movement": sample((parameters_of(classifier) - classifier_before) / LEARNING_RATE, 800),
            "encoder_movement": sample((_state(encoder) - encoder_before) / LEARNING_RATE),
        }


def _frame(notebook: Namespace, batch: int) -> None:
    """The globals of the given notebook that training code may use."""
    notebook.put(batch_size=batch)
    notebook.provide(device=torch.device("cpu"), feat_dim=FEATURES)


def _loader(seed: int, count: int, *, alike: bool = False, label: int | None = None) -> DataLoader[Any]:
    labels = torch.from_numpy(generator(seed, "labels").integers(0, 10, count))
    if alike or label is not None:
        labels = torch.full((count,), int(labels[0]) if label is None else label)
    shown = images(seed, 1 if alike else min(count, MOST_IMAGES))
    # A generator of its own, because code that shows reconstructions in between must not draw the training's random
    # numbers.
    return DataLoader(Pairs(shown, labels), batch_size=BATCH, generator=torch.Generator())


def _state(module: nn.Module) -> torch.Tensor:
    return torch.cat([value.detach().reshape(-1).clone() for value in module.state_dict().values()])


def _pair(given: Any) -> tuple[Any, list[float], str]:
    """What a training function returned, as a model and a list of losses, None and [] where they are missing; and a
    description of it in words."""
    if not isinstance(given, tuple | list) or len(given) != 2 or (type(given) is list and not _holds_a_model(given)):
        return (given if isinstance(given, nn.Module) else None), [], _kind(given)
    model, losses = given
    is_list = hasattr(losses, "__len__") and not isinstance(losses, nn.Module)
    return model, [_number(loss) for loss in losses] if is_list else [], f"{_kind(model)}, {_kind(losses)}"


def _holds_a_model(given: list[Any]) -> bool:
    return any(isinstance(each, nn.Module) for each in given)


def _kind(given: Any) -> str:
    if isinstance(given, nn.Module):
        return "a model"
    return "a list" if isinstance(given, list) else type(given).__name__[:LONGEST_NAME]


def _number(loss: Any) -> float:
    """The number; NaN for anything else."""
    try:
        return float(loss)
    except (TypeError, ValueError, RuntimeError):
        return float("nan")
