"""What the report items ask for, as data: `report.toml`, which an instructor can edit."""

import functools
from collections.abc import Mapping
from pathlib import Path

import msgspec

from autograder.ps7.student.report.figures import Figure
from autograder.student.grading.rubric import RubricError

FILE = Path(__file__).parent.parent / "report.toml"


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one figure must be, and which mistake it shows where it is not. In percent."""

    figure: str
    least: float = 0.0
    most: float = float("inf")
    """Bounds of the figure, rounded to a whole number."""
    more_than: tuple[str, ...] = ()
    """Figures that this one must exceed, by `by` or more where that is given. A figure that is not reported does not
    matter."""
    by: float = 0.0
    not_below: tuple[str, ...] = ()
    mistake: str
    sentence: str

    def holds(self, figures: Mapping[str, Figure]) -> bool:
        """Whether the reported figures are so."""
        percent = figures[self.figure].percent
        less = [figures[name].percent for name in self.more_than if name in figures]
        floor = [figures[name].percent for name in self.not_below if name in figures]
        return (
            self.least <= round(percent) <= self.most
            and all(percent >= other + self.by if self.by else percent > other for other in less)
            and all(percent >= other for other in floor)
        )


class FigureRange(msgspec.Struct, frozen=True):
    """The range in which a figure is expected, in percent."""

    figure: str
    title: str
    least: float
    most: float


class ReportItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item that is judged from the notebook's report."""

    examples: dict[str, str]
    """Maps a figure that must be reported to an example of its line."""
    expected: tuple[Expectation, ...]


class Expectations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    names: dict[str, str]
    """Maps a figure to its name in a sentence."""
    assignment: dict[str, float]
    """Maps a figure to the percents in the assignment's own text: "about 30 %" is a copy of it."""
    passed_over: dict[str, str]
    """Maps the role of a figure that was not taken for a result to the words for it."""
    mistakes: dict[str, str]
    """Maps a slug to its sentence."""
    items: dict[str, ReportItem]


@functools.cache
def expectations(path: Path = FILE) -> Expectations:
    """Reads the file. Raises RubricError where it is wrong."""
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=Expectations)
    except (OSError, msgspec.DecodeError) as error:
        raise RubricError(f"{path}: {error}") from None
    for item in read.items.values():
        for each in item.expected:
            for name in (each.figure, *each.more_than, *each.not_below):
                if name not in read.names:
                    raise RubricError(f"{path}: the figure {name!r} has no name under [names]")
    return read


def figure_bands() -> list[FigureRange]:
    """The ranges of the assignment's own figures. Raises RubricError."""
    return bands(expectations())


def bands(asked: Expectations) -> list[FigureRange]:
    """The ranges of every figure that the report items ask for, in their order; from 0 to 100 where nothing else is
    expected."""
    return [
        FigureRange(
            name,
            asked.names[name],
            max([0.0, *(each.least for each in item.expected if each.figure == name)]),
            min([100.0, *(each.most for each in item.expected if each.figure == name)]),
        )
        for item in asked.items.values()
        for name in item.examples
    ]
