"""The contract between the engine and an assignment: one object. The functions that it names are in `contract.py`.

An assignment is an installable package with three folders, whose names say who may see what is in them:

    guest/      runs beside a student's code: probes, and what guests find installed. Every student is taken to read it.
    student/    what students are given besides: this object, readers, interpreters, `cells/`, `banks/` of public cases
    staff/      what the course staff alone has: `rubric.toml`, and `banks/` of hidden cases

What it is made from lies beside the package in its project, and is never installed: `student_template/NAME.py`,
`reference/` with the solution and `misconceptions/ITEM.toml`, `tests/corpus`, `tests/frames`, `gradescope/config.toml`.

The project's pyproject.toml declares the object and, to have a command of the assignment's own name, its `main`:

    [project.entry-points."autograder.assignments"]
    toy = "toy.student.assignment:TOY"

    [project.scripts]
    toy = "toy.student.assignment:TOY.main"

and toy/student/assignment.py holds it:

    FOLDER = Path(__file__).parents[1]
    TOY = Assignment(name="toy", title="A toy", package="toy", folder=FOLDER, project=FOLDER.parent)
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from autograder.student.grading.bank import Bank


BankName = Literal["public", "hidden"]


class Unavailable(Exception):
    """What an assignment was asked for cannot be had; the message says why, and what to do."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment: where its parts lie, and what it brings along. Functions are named as "module:function", modules
    by their names within the package ("student.reading:answer"), so that whoever has one zone needs no other."""

    name: str
    """The command's, the entry point's, and that of a frame's notebook, which is written in NAME.py."""
    title: str
    """What the command grades, in its help."""
    package: str
    """The dotted name of the package with the three zones."""
    folder: Path
    """The package's."""
    project: Path
    """The folder with pyproject.toml, where this is a checkout. The reference's modules are found from it."""
    version: str = "0"
    environment: str = ""
    """The module that says what guests find installed, see `contract.Environment`; empty: numpy and torch alone."""
    probes: str = "guest.probes"
    """The package whose modules hold probes, see `contract.Probe`. A rubric names them by what comes after."""
    readers: Mapping[str, str] = {}
    """A rubric's name for it to a function, see `contract.Reader`."""
    interpreters: Mapping[str, str] = {}
    """A rubric's name for it to a function, see `contract.Interpreter`."""
    known: str = ""
    """Of the probes, the module whose `record` gives numbers that others are to know of the reference; they are kept
    beside it, in a .json of its name."""
    data: str = ""
    """What `run --data` runs a notebook on, see `contract.Data`."""
    reproduction: str = ""
    """What `grade --reproduce` trains, see `contract.Reproduction`."""
    dataset: str = ""
    """The data set for it that comes along."""
    bands: str = ""
    """A function without arguments that gives what reported figures should be, figure to (least, most), for a class's
    page."""
    variants: str = ""
    """Item to right ways to write it, see `contract.Variant`: what `validate --variants` composes solutions of."""
    commands: str = ""
    """More commands for the staff, see `contract.Commands`."""
    student_extras: tuple[str, ...] = ()
    """Of the project's optional dependencies, those that students can install with the kit."""
    gradescope_extras: tuple[str, ...] = ()
    """Of the project's optional dependencies, those that Gradescope's image has."""
    samples: tuple[str, ...] = ()
    """Cases of the corpus's wrong submissions that `demo` grades."""

    def __hash__(self) -> int:
        return hash((self.name, self.folder, self.project))

    @property
    def rubric(self) -> Path:
        """The staff's where it is there, else the public part of it."""
        whole = self.folder / "staff" / "rubric.toml"
        return whole if whole.exists() else self.folder / "student" / "rubric.toml"

    def bank_at(self, name: str) -> Path:
        """A bank's files, without their suffixes: "public" or "hidden", and what begins so."""
        return self.folder / ("student" if name.startswith("public") else "staff") / "banks" / name

    def bank(self, *names: BankName) -> Bank:
        """These banks as one, both where none is named. Raises BankError where one is not there or not whole."""
        from autograder.student.grading.bank import Bank

        return Bank.read(map(self.bank_at, names or ("public", "hidden")))

    @property
    def cells(self) -> Path:
        """ITEM.py: a cell for a student's own notebook that shows what the component should give beside what it
        gives."""
        return self.folder / "student" / "cells"

    def cell(self, item: str) -> str:
        """The item's cell. Raises OSError where it has none."""
        return (self.cells / f"{item}.py").read_text(encoding="utf-8")

    @property
    def handed_out(self) -> Path:
        """The lines of text with figures that the frames themselves hold, generated."""
        return self.folder / "student" / "handed_out.txt"

    @property
    def is_checkout(self) -> bool:
        """Whether what the assignment is made from is there."""
        return (self.project / "pyproject.toml").is_file() and self.template.is_dir()

    @property
    def template(self) -> Path:
        """The folder of the frame that students are given."""
        return self.project / "student_template"

    @property
    def blank(self) -> Path:
        """The blank notebook, generated."""
        return self.template / f"{self.name}.ipynb"

    @property
    def reference(self) -> Path:
        """The folder of all that is made of the solution."""
        return self.project / "reference"

    @property
    def solution(self) -> Path:
        """The solved notebook, generated."""
        return self.reference / "solution.ipynb"

    @property
    def frames(self) -> Path:
        """A folder of further frames."""
        return self.project / "tests" / "frames"

    @property
    def every_frame(self) -> list[Path]:
        """The folders of all frames, the students' own first."""
        return [self.template, *sorted(path.parent for path in self.frames.glob(f"*/{self.name}.py"))]

    @property
    def corpus(self) -> Path:
        """A folder of submissions whose verdict is known."""
        return self.project / "tests" / "corpus"

    @property
    def config(self) -> Path:
        """What the course decides."""
        return self.project / "gradescope" / "config.toml"

    def module(self, name: str) -> str:
        """The dotted name of one of the package's modules."""
        return f"{self.package}.{name}"

    def part(self, path: str) -> Any:
        """What "module:function" names in the package. Raises ImportError and AttributeError."""
        module, _, function = path.partition(":")
        return getattr(import_module(self.module(module)), function)

    def main(self) -> None:
        """The command line, the staff's where it is there: the entry point of a console script."""
        zone = "staff" if find_spec("autograder.staff") else "student"
        import_module(f"autograder.{zone}.cli").main(self)


class LaidOut(msgspec.Struct, frozen=True):
    """What a kernel needs to run a notebook on data that is not what it downloads."""

    code: str = ""
    """To run before the notebook's own."""
    folder: Path | None = None
    """An empty one to run in, so that nothing beside the notebook is overwritten with what comes of other data."""
