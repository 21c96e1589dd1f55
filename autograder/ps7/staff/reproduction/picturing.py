"""Pictures of what a trained model did. They are never the reason why a reproduction fails: a picture that cannot be
made is left out."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.guest.outcomes import Array, Reply
from autograder.ps7.staff.datasets.exhibits import CROP, Exhibits
from autograder.ps7.student.datasets.archive import SIDE, Dataset, Place
from autograder.student.grading.pictures import Curve, Matrix, Photos, Picture, Strip
from autograder.student.sandbox.session import Session

RECONSTRUCTED = 8
PAIRED = 10
QUALITY = 85
"""The quality of a JPEG."""
LONGEST_LABEL = 40
MODELS = {"autoencoder": "the autoencoder", "clip": "CLIP"}
"""The names of the losses' owners."""
Images = Sequence[NDArray[np.uint8]]


def reconstructions(session: Session, dataset: Dataset, shown: Exhibits) -> Iterator[Picture]:
    """Some test images of all classes, and below them the trained autoencoder's reconstructions."""
    chosen = np.linspace(0, len(shown.order) - 1, RECONSTRUCTED).astype(int)
    places = np.argsort(shown.order)[chosen].tolist()
    arguments: dict[str, Any] = {"folder": shown.folder, "places": places}
    found = _array(session, "reconstruct", arguments, "reconstructions", (len(places), 3, CROP, CROP))
    if found is None:
        return
    originals = [cropped(dataset.image("test", place)) for place in chosen.tolist()]
    made = [*(found.clip(0, 1) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)]
    yield Photos("Test images and their reconstructions", (_strip("test images", originals), _strip("yours", made)))


def similarities(session: Session, dataset: Dataset) -> Iterator[Picture]:
    """The similarities of images and texts of some training pairs, no two of which have the same text."""
    captions = {part: dataset.captions(part) for part in {part for part, _ in dataset.pairs()}}
    texts = [captions[part][place] for part, place in dataset.pairs()]
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        first.setdefault(text, number)
    distinct = [*first.items()][:: max(1, len(first) // PAIRED)][:PAIRED]
    arguments: dict[str, Any] = {"places": [number for _, number in distinct]}
    found = _array(session, "similarities", arguments, "similarities", (len(distinct), len(distinct)))
    if found is None:
        return
    values = tuple(tuple(round(float(value), 3) for value in row) for row in found.clip(-1, 1))
    labels = tuple(text[:LONGEST_LABEL] for text, _ in distinct)
    yield Matrix("Similarities (dot products) of images, down, and texts, across", labels, values)


def retrieved(
    found: NDArray[np.int64], queries: Sequence[str], dataset: Dataset, searched: Sequence[Place]
) -> Iterator[Picture]:
    """The images for each query; `found` (queries, k) has their positions among the searched images."""
    strips = []
    for query, places in zip(queries, found, strict=True):
        known = [searched[place] for place in places.tolist() if 0 <= place < len(searched)]
        if known:
            strips.append(_strip(query, [cropped(dataset.image(part, place)) for part, place in known]))
    if strips:
        yield Photos("The best matches for each query", tuple(strips))


def losses(
    trajectories: Mapping[str, Sequence[float]], usual: Mapping[str, Sequence[Sequence[float]]]
) -> list[Picture]:
    """Each loss curve beside the mean of the reference's."""
    return [
        Curve(
            f"Loss over epochs: {MODELS.get(name, name)}",
            tuple(each),
            tuple(np.mean(usual[name], axis=0).tolist()) if usual.get(name) else (),
        )
        for name, each in trajectories.items()
        if len(each) > 1 and np.isfinite(each).all()
    ]


def cropped(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(CROP, CROP, 3), the centre."""
    edge = (SIDE - CROP) // 2
    return image[edge : edge + CROP, edge : edge + CROP]


def _array(session: Session, probe: str, arguments: dict[str, Any], name: str, shape: tuple[int, ...]) -> Array | None:
    """The array; None where there is none of this shape: guests are not believed."""
    outcome = session.ask(probe, arguments)
    found = outcome.arrays.get(name) if isinstance(outcome, Reply) else None
    is_good = found is not None and found.shape == shape and bool(np.isfinite(found).all())
    return found if is_good else None


def _strip(label: str, images: Images) -> Strip:
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(np.concatenate(images, axis=1)).save(written, "JPEG", quality=QUALITY)
    return Strip(label, written.getvalue())
