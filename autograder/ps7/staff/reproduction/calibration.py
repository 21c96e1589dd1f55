"""What the reference reaches on a data set, over many seeds: `ps7 calibrate` writes it, and grading compares with it.

The rule: a figure is right where it is not below the `least` of its band. That is the lower end of a prediction
interval for one further value, from the mean and the deviation over the seeds and Student's t, so that a right solution
falls below in any of its figures in at most FALSE_ALARMS of all gradings. What lies above is no mistake.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from rich.table import Table

from autograder.ps7.staff.reproduction.measuring import Budget
from autograder.ps7.student.datasets.archive import Dataset, DatasetError
from autograder.student.output.screen import Screen

FALSE_ALARMS = 1e-3
"""The highest share of gradings with a false alarm."""
FIGURES = 6
"""How many figures are compared in one grading: Methods I, II, III, the first's advantage, CLIP's probe, retrieval."""


class Band(msgspec.Struct, frozen=True):
    """Where a right figure lies; all values are between 0 and 1."""

    mean: float
    deviation: float
    least: float
    most: float
    """The ends of the prediction interval."""
    values: tuple[float, ...]
    """One value for each seed."""


class Power(msgspec.Struct, frozen=True):
    """The figures of a report with a mistake in code that nothing replaces."""

    item: str
    """The item of the mistake."""
    figures: dict[str, tuple[float, ...]]
    """Maps a figure to its values, one for each seed; empty where the code never came to the end."""
    seen: float
    """The share of the runs in which some figure fell below its band, or the code did not come to the end."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    dataset: str
    digest: str
    """The digest of the data set that this is for."""
    budget: Budget
    bands: dict[str, Band]
    """The bands by figure."""
    work: dict[str, int]
    """Maps an item to the time that the reference takes, in units of the machine's own speed (`Sandbox.unit`)."""
    trajectories: dict[str, list[list[float]]]
    """Losses over epochs, for each seed."""
    power: dict[str, Power] = {}
    """The effects by the slug of the mistake."""


def band(values: Sequence[float], *, share: bool = True) -> Band:
    """The band of one figure over some seeds. A `share` is a share of images. It is compared as arcsin(sqrt(p)), whose
    deviation hardly depends on p (Anscombe, 1948): near 1 a share falls further than it rises."""
    from scipy.stats import t

    seen = np.asarray(values)
    known = np.arcsin(np.sqrt(seen)) if share else seen
    count = len(known)
    reach = float(t.ppf(1 - FALSE_ALARMS / FIGURES, count - 1) * known.std(ddof=1) * (1 + 1 / count) ** 0.5)
    low, high = known.mean() - reach, known.mean() + reach
    if share:
        low, high = (np.sin(np.clip(end, 0, np.pi / 2)) ** 2 for end in (low, high))
    return Band(
        mean=round(float(seen.mean()), 4),
        deviation=round(float(seen.std(ddof=1)), 4),
        least=round(float(low), 4),
        most=round(float(high), 4),
        values=tuple(round(value, 4) for value in values),
    )


def write(calibration: Calibration, dataset: Path) -> Path:
    """Writes it beside the data set and returns the path."""
    path = place(dataset)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
    return path


def print_bands(calibration: Calibration, console: Screen) -> None:
    """A table of the figures, and of the mistakes where there are any."""
    figures = Table("figure", "seeds", "mean", "deviation", "lowest seen", "right from", title=calibration.dataset)
    for name, known in calibration.bands.items():
        numbers = (known.mean, known.deviation, min(known.values), known.least)
        figures.add_row(name, str(len(known.values)), *(f"{number:.3f}" for number in numbers))
    console.print(figures)
    if calibration.power:
        mistakes = Table("mistake", "in", "seen by the accuracies", *calibration.bands)
        for slug, power in calibration.power.items():
            reached = (power.figures.get(name) for name in calibration.bands)
            means = (f"{sum(values) / len(values):.3f}" if values else "-" for values in reached)
            mistakes.add_row(slug, power.item, f"{power.seen:.0%}", *means)
        console.print(mistakes)


def place(dataset: Path) -> Path:
    """The path of a data set's calibration: beside the data set."""
    return dataset.with_name(f"{dataset.stem}.calibration.json")


def read(dataset: Dataset) -> Calibration:
    """Reads it. Raises DatasetError where there is none, or where it is for another data set."""
    path = place(dataset.path)
    remedy = f"`ps7 calibrate {dataset.path}` makes it"
    try:
        calibration = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.MsgspecError) as error:
        raise DatasetError(
            f"{path}, which says what the reference reaches, cannot be read ({error}); {remedy}"
        ) from None
    if calibration.digest != dataset.digest:
        raise DatasetError(f"{path} is for another version of {dataset.path}; {remedy}")
    return calibration
