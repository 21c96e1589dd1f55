"""Pictures of a calibration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograder.ps7.staff.reproduction.calibration import Calibration
from autograder.ps7.staff.reproduction.showing import Shown


def draw(calibration: Calibration, shown: Shown, folder: Path) -> Iterator[Path]:
    """Writes spread.png (every seed's figures, and where the bands begin), losses.png, accuracies.png and
    reconstructions.png, and yields their paths."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(9, 0.6 * len(calibration.bands) + 1.5), layout="constrained")
    axes = figure.subplots()
    for row, known in enumerate(calibration.bands.values()):
        axes.plot(known.values, [row] * len(known.values), "o", alpha=0.4, color="tab:blue")
        axes.plot([known.least] * 2, [row - 0.35, row + 0.35], color="tab:red")
    axes.set_yticks(range(len(calibration.bands)), list(calibration.bands))
    axes.invert_yaxis()
    axes.set_title(f"The reference on {calibration.dataset}: each seed, and (red) the least that passes")
    yield _saved(figure, folder / "spread.png")
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    places = figure.subplots(1, len(calibration.trajectories), squeeze=False)[0]
    for axes, (name, losses) in zip(places, calibration.trajectories.items(), strict=True):
        for each in losses:
            axes.plot(range(1, len(each) + 1), each, color="tab:blue", alpha=0.3)
        axes.set_title(f"{name}: loss")
        axes.set_xlabel("epoch")
    yield _saved(figure, folder / "losses.png")
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for name, accuracies in shown.accuracies.items():
        axes.plot(range(len(accuracies)), accuracies, marker="o", label=name)
        axes.axhline(calibration.bands[name].least, color=axes.lines[-1].get_color(), linestyle=":")
    axes.legend()
    axes.set_title("Test accuracy over epochs, one seed; dotted: the least that passes")
    axes.set_xlabel("epoch")
    yield _saved(figure, folder / "accuracies.png")
    figure = Figure(figsize=(len(shown.originals), 2.2), layout="constrained")
    pictures = [*shown.originals, *shown.reconstructions]
    for place, image in zip(figure.subplots(2, len(shown.originals)).flat, pictures, strict=True):
        place.imshow(image.transpose(1, 2, 0).clip(0, 1))
        place.axis("off")
    yield _saved(figure, folder / "reconstructions.png")


def _saved(figure: Any, path: Path) -> Path:
    figure.savefig(path, dpi=120)
    return path
