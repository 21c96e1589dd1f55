"""Loads weights that a student hands in into the notebook's own encoder. They are read here, in the guest, because a
.pth is a pickle, whatever torch does with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from autograder.guest.namespace import Namespace
from autograder.ps7.guest.probes.frame import FEATURES
from autograder.ps7.guest.probes.reproduction import CLASSES, Exhibited, logits, minibatches
from autograder.ps7.guest.probes.seeding import module_of

State = Mapping[str, torch.Tensor]
DEEPEST = 3


class HandedIn(Namespace):
    """Keeps the content of the files between two questions."""

    encoders: dict[str, nn.Module]
    classifiers: dict[str, nn.Module]


NAMESPACE = HandedIn


def read(notebook: HandedIn, *, folder: str, files: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts: `encoders` and `classifiers`, the files that hold weights of the notebook's encoder, and of a linear layer
    on its features."""
    make = notebook["Encoder"]
    notebook.encoders, notebook.classifiers = {}, {}
    for name in files:
        state = _state(Path(folder, name))
        with notebook.theirs():
            encoder = module_of(make(), "Encoder()")
        for prefix in ("", "encoder.", "module.encoder.", "module."):
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            if own.keys() >= encoder.state_dict().keys() > set() and _fits(encoder, own):
                notebook.encoders[name] = encoder
                break
        if classifier := _classifier(state):
            notebook.classifiers[name] = classifier
    return {"encoders": [*notebook.encoders], "classifiers": [*notebook.classifiers]}, {}


def classify(
    notebook: HandedIn, *, folder: str, encoder: str, classifier: str, seed: int, epochs: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Array: `logits` (N, 10) of the test images, by the encoder of one file and the linear layer of another; where
    `classifier` is "", by a linear layer that the notebook's `train_classifier` trains now."""
    given, train = notebook.encoders[encoder], notebook["train_classifier"]
    torch.manual_seed(seed)
    with notebook.theirs():
        linear = notebook.classifiers.get(classifier) or nn.Sequential(nn.Linear(FEATURES, CLASSES))
        if not classifier:
            train(given, linear, minibatches(Exhibited(folder, "train"), seed), epochs=epochs, supervised=False)
        return {}, {"logits": logits(given, linear, Exhibited(folder, "test"))}


def _state(path: Path) -> State:
    """The first dictionary of tensors in the file; an empty one where there is none."""
    try:
        found: Any = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    except Exception:
        return {}
    waiting = [(found, 0)]
    while waiting:
        each, depth = waiting.pop(0)
        if isinstance(each, Mapping):
            tensors = {key: value for key, value in each.items() if isinstance(value, torch.Tensor)}
            if tensors and all(isinstance(key, str) for key in tensors):
                return tensors
            waiting += [(value, depth + 1) for value in each.values() if depth < DEEPEST]
    return {}


def _fits(encoder: nn.Module, state: State) -> bool:
    try:
        encoder.load_state_dict({key: state[key] for key in encoder.state_dict()})
    except (RuntimeError, KeyError):
        return False
    return True


def _classifier(state: State) -> nn.Module | None:
    """The single weight (10, 384), and the single bias (10,) where there is one."""
    weights = [value for value in state.values() if value.shape == (CLASSES, FEATURES)]
    biases = [value for value in state.values() if value.shape == (CLASSES,)]
    if len(weights) != 1 or len(biases) > 1:
        return None
    linear = nn.Linear(FEATURES, CLASSES)
    with torch.no_grad():
        linear.weight.copy_(weights[0])
        linear.bias.copy_(biases[0] if biases else torch.zeros(CLASSES))
    return nn.Sequential(linear)
