"""Makes a guest train for real, and measures how good its models are."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from autograder.guest.namespace import Source
from autograder.guest.outcomes import Fault, Outcome, Reply
from autograder.ps7.staff.datasets import exhibits
from autograder.ps7.staff.datasets.exhibits import Exhibits
from autograder.ps7.staff.reproduction import picturing
from autograder.ps7.student.datasets.archive import Dataset
from autograder.student.grading.pictures import Picture
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.session import Session

PROBES = "autograder.ps7.guest.probes.reproduction"
CLIP_PROBES = "autograder.ps7.guest.probes.reproduction_clip"
METHODS: Mapping[str, tuple[bool, bool]] = {
    "method_1": (True, False),
    "method_2": (False, True),
    "method_3": (False, False),
}
"""Maps a figure to two flags: whether the encoder is the pretrained one, and whether it learns with the classifier."""
ADVANTAGE = "method_1 - method_3"
"""The difference between the pretrained encoder and the random one."""
RETRIEVED = 8
"""How many images each query asks for."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Epochs. Far fewer than in the assignment, so that everything takes a minute or two."""

    autoencoder: int = 5
    linear: int = 7
    """The epochs of Methods I and III."""
    supervised: int = 8
    clip: int = 3
    probe: int = 8


class Stopped(Exception):
    """The guest did not come to the end."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Measured(msgspec.Struct, frozen=True):
    """The figures that were reached."""

    figures: dict[str, float]
    """Values between 0 and 1."""
    trajectories: dict[str, list[float]]
    """Losses over epochs."""
    pictures: tuple[Picture, ...] = ()


Say = Callable[[str], None]


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """The code to run, the data, and the sandbox."""

    dataset: Dataset
    program: Sequence[Source]
    """The code of all items that the figures depend on."""
    sandbox: Sandbox
    budget: Budget
    seed: int
    seconds: float
    """Seconds after which it is stopped."""
    say: Say = lambda _: None
    """Called with a text that says what is going on."""
    pictured: bool = False
    """Whether somebody looks at pictures."""


def methods(training: Training) -> Measured:
    """The test accuracies of Methods I, II and III, and the first's advantage over the third. Raises Stopped,
    SandboxError and DatasetError."""
    budget, seed = training.budget, 10 * training.seed
    training.say("reading the images")
    with exhibits.images(training.dataset) as shown, session_of(training, PROBES, shown) as session:
        labels = training.dataset.labels("test")[shown.order]
        training.say(f"training the autoencoder ({budget.autoencoder} epochs)")
        trained = ask(session, "pretrain", folder=shown.folder, seed=seed, epochs=budget.autoencoder)
        figures = {}
        for number, (name, (pretrained, supervised)) in enumerate(METHODS.items(), start=1):
            epochs = budget.supervised if supervised else budget.linear
            training.say(f"training Method {'I' * number} ({epochs} epochs)")
            reply = ask(
                session,
                "classify",
                folder=shown.folder,
                seed=seed + number,
                epochs=epochs,
                pretrained=pretrained,
                supervised=supervised,
            )
            figures[name] = accuracy(reply, labels)
        # Last, so that nothing that goes wrong there changes a figure.
        pictures = picturing.reconstructions(session, training.dataset, shown) if training.pictured else ()
        seen = tuple(pictures)
    figures[ADVANTAGE] = figures["method_1"] - figures["method_3"]
    return Measured(figures, {"autoencoder": _losses(trained)}, seen)


def clip(training: Training) -> Measured:
    """The test accuracy of a linear probe on CLIP's image encoder, and the precision of retrieval with words. Raises
    Stopped, SandboxError and DatasetError."""
    budget, dataset, seed = training.budget, training.dataset, 10 * training.seed
    with exhibits.pairs(dataset) as shown, session_of(training, CLIP_PROBES, shown) as session:
        labels = dataset.labels("test")[shown.order]
        training.say(f"training CLIP ({budget.clip} epochs)")
        trained = ask(session, "train", folder=shown.folder, seed=seed, epochs=budget.clip)
        training.say(f"training the linear probe on CLIP ({budget.probe} epochs)")
        figures = {"clip": accuracy(ask(session, "probe", seed=seed + 1, epochs=budget.probe), labels)}
        pictures: list[Picture] = []
        if queries := dataset.about.queries:
            training.say("retrieving images by words")
            found = _places(ask(session, "search", queries=[*queries], k=RETRIEVED), len(queries))
            figures["retrieval"] = _precision(found, [*queries.values()], shown.captions)
            pictures += picturing.retrieved(found, [*queries], dataset, shown.searched) if training.pictured else ()
        pictures += picturing.similarities(session, dataset) if training.pictured else ()
    return Measured(figures, {"clip": _losses(trained)}, tuple(pictures))


MEASURES: Mapping[str, Callable[[Training], Measured]] = {"report_ae": methods, "report_clip": clip}
"""The functions by the item whose figures they measure."""
LEANS_ON: Mapping[str, tuple[str, ...]] = {
    "report_ae": ("encoder", "decoder", "train_ae", "train_classifier"),
    "report_clip": ("projection_head", "clip_model", "train_classifier", "retrieve_images"),
}
"""The items whose code is used."""


def accuracy(reply: Reply, labels: NDArray[np.int64]) -> float:
    """The accuracy by the reply's `logits` (N, classes). Raises Stopped where they are missing: guests are not
    believed."""
    logits = reply.arrays.get("logits")
    if logits is None or logits.ndim != 2 or len(logits) != len(labels) or not np.isfinite(logits).all():
        raise Stopped(Fault(reason="the reply holds no logits of the test images"))
    return float((logits.argmax(axis=1) == labels).mean())


def _places(reply: Reply, queries: int) -> NDArray[np.int64]:
    """The answers (queries, RETRIEVED). Raises Stopped."""
    found = reply.arrays.get("found")
    if found is None or found.shape != (queries, RETRIEVED) or found.dtype != np.int64:
        raise Stopped(Fault(reason="the reply holds no places of retrieved images"))
    return found


def _precision(found: NDArray[np.int64], words: Sequence[str], captions: Sequence[str]) -> float:
    """The share of the retrieved images whose caption holds the query's word; an image counts only once."""
    right = 0
    for places, word in zip(found, words, strict=True):
        pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
        known = [captions[place] for place in {*places.tolist()} if 0 <= place < len(captions)]
        right += sum(bool(pattern.search(caption)) for caption in known)
    return right / found.size


def _losses(reply: Reply) -> list[float]:
    return [float(loss) for loss in np.ravel(reply.arrays.get("trajectory", np.zeros(0)))[:1000]]


def session_of(training: Training, probes: str, shown: Exhibits) -> Session:
    """A guest with the notebook's code loaded, and with the data that it is shown."""
    return training.sandbox.open(probes, training.program, training.seconds, exhibits=shown.folder)


def ask(session: Session, probe: str, **arguments: Any) -> Reply:
    """Raises Stopped where there is no reply."""
    if not isinstance(session.loaded, Reply):
        raise Stopped(session.loaded)
    outcome = session.ask(probe, arguments)
    if not isinstance(outcome, Reply):
        raise Stopped(outcome)
    return outcome
