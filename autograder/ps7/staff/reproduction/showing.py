"""One training of the reference, observed while it runs: what the pictures of a calibration show besides its
numbers."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from autograder.ps7.staff.datasets import exhibits
from autograder.ps7.staff.reproduction.measuring import METHODS, PROBES, Training, ask, session_of

PICTURES = 8


class Shown(msgspec.Struct, frozen=True):
    """The observations."""

    accuracies: dict[str, list[float]]
    """Maps a method to its test accuracy before the first epoch, and after each epoch."""
    originals: NDArray[np.float32]
    reconstructions: NDArray[np.float32]
    """(N, 3, 64, 64) of test images, in [0, 1]."""


def show(training: Training) -> Shown:
    """Trains the autoencoder and the three methods. Raises Stopped, SandboxError and DatasetError."""
    budget, accuracies = training.budget, {}
    with exhibits.images(training.dataset) as shown, session_of(training, PROBES, shown) as session:
        labels = training.dataset.labels("test")[shown.order]
        ask(session, "pretrain", folder=shown.folder, seed=training.seed, epochs=budget.autoencoder)
        pictures = ask(session, "reconstruct", folder=shown.folder, places=[*range(PICTURES)]).arrays
        for name, (pretrained, supervised) in METHODS.items():
            training.say(f"watching {name}")
            logits = ask(
                session,
                "classify",
                folder=shown.folder,
                seed=training.seed,
                epochs=budget.supervised if supervised else budget.linear,
                pretrained=pretrained,
                supervised=supervised,
                watched=True,
            ).arrays
            seen = np.concatenate([logits["before"], logits["logits"][None]]).argmax(axis=2)
            accuracies[name] = (seen == labels).mean(axis=1).tolist()
    return Shown(accuracies, pictures["originals"], pictures["reconstructions"])
