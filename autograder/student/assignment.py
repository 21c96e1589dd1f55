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


BARE = "autograder.guest.environment"
"""What guests find installed where the assignment does not say."""
BankName = Literal["public", "hidden"]


class Unavailable(Exception):
    """Something that an assignment was asked for cannot be had; the message says why, and what to do."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment: where its parts lie, and what it brings along. Functions are named as "module:function", modules
    by their names within the package ("student.reading:answer"), so that a person who has one zone needs no other
    zone."""

    name: str
    """The name of the command, of the entry point, and of the given notebook, whose source is NAME.py."""
    title: str
    """What the command grades, for its help."""
    package: str
    """The dotted name of the package with the three zones."""
    folder: Path
    """The folder of the package."""
    project: Path
    """The folder with pyproject.toml, where this is a checkout. The reference's modules are found from it."""
    version: str = "0"
    environment: str = ""
    """The module that says what guests find installed, see `contract.Environment`; empty: only numpy and torch."""
    probes: str = "guest.probes"
    """The package whose modules hold probes, see `contract.Probe`. A rubric names a module by the part of its name
    after this."""
    readers: Mapping[str, str] = {}
    """Maps a rubric's name for a reader to a function, see `contract.Reader`."""
    interpreters: Mapping[str, str] = {}
    """Maps a rubric's name for an interpreter to a function, see `contract.Interpreter`."""
    known: str = ""
    """The module of probes whose `record` measures numbers of the reference that other modules need, kept beside
    it, in a .json file of its name."""
    data: str = ""
    """The function that prepares data for `run --data`, see `contract.Data`."""
    reproduction: str = ""
    """The function that trains for `grade --reproduce`, see `contract.Reproduction`."""
    dataset: str = ""
    """The data set for `reproduce` that comes with the assignment."""
    bands: str = ""
    """A function without arguments that returns the range of each reported figure, (least, most), for a class's
    page."""
    variants: str = ""
    """Names a mapping from items to right ways to write them, see `contract.Variant`; `validate --variants` composes
    solutions of them."""
    commands: str = ""
    """Further commands for the staff, see `contract.Commands`."""
    student_extras: tuple[str, ...] = ()
    """Those of the project's optional dependencies that students can install with the kit."""
    gradescope_extras: tuple[str, ...] = ()
    """Those of the project's optional dependencies that Gradescope's image has."""
    samples: tuple[str, ...] = ()
    """Those wrong submissions of the corpus that `demo` grades."""

    def __hash__(self) -> int:
        return hash((self.name, self.folder, self.project))

    @property
    def rubric(self) -> Path:
        """The staff's rubric where it is there, else the public part of it."""
        whole = self.folder / "staff" / "rubric.toml"
        return whole if whole.exists() else self.folder / "student" / "rubric.toml"

    def bank_at(self, name: str) -> Path:
        """The files of a bank, without their suffixes: "public" or "hidden", and every name that begins with it."""
        return self.folder / ("student" if name.startswith("public") else "staff") / "banks" / name

    def bank(self, *names: BankName) -> Bank:
        """These banks as one, or both where none is named. Raises BankError where one is not there or not whole."""
        from autograder.student.grading.bank import Bank

        return Bank.read(map(self.bank_at, names or ("public", "hidden")))

    @property
    def cells(self) -> Path:
        """The folder of the files ITEM.py: cells for a student's own notebook that show a component's values beside the
        right ones."""
        return self.folder / "student" / "cells"

    def cell(self, item: str) -> str:
        """The item's cell. Raises OSError where the item has none."""
        return (self.cells / f"{item}.py").read_text(encoding="utf-8")

    @property
    def handed_out(self) -> Path:
        """The lines of text with figures that the given notebooks themselves hold, generated."""
        return self.folder / "student" / "handed_out.txt"

    @property
    def is_checkout(self) -> bool:
        """Whether what the assignment is made from is there."""
        return (self.project / "pyproject.toml").is_file() and self.template.is_dir()

    @property
    def template(self) -> Path:
        """The folder of the given notebook."""
        return self.project / "student_template"

    @property
    def blank(self) -> Path:
        """The blank notebook, generated."""
        return self.template / f"{self.name}.ipynb"

    @property
    def reference(self) -> Path:
        """The folder of everything that is made of the solution."""
        return self.project / "reference"

    @property
    def solution(self) -> Path:
        """The solved notebook, generated."""
        return self.reference / "solution.ipynb"

    @property
    def frames(self) -> Path:
        """The folder that holds further given notebooks."""
        return self.project / "tests" / "frames"

    @property
    def every_frame(self) -> list[Path]:
        """The folders of all given notebooks, the students' own first."""
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
        """The dotted name of a module of the package."""
        return f"{self.package}.{name}"

    def part(self, path: str) -> Any:
        """The object that "module:function" names in the package. Raises ImportError and AttributeError."""
        module, _, function = path.partition(":")
        return getattr(import_module(self.module(module)), function)

    @property
    def guests_find(self) -> str:
        """The module that says what guests find installed."""
        return self.module(self.environment) if self.environment else BARE

    def main(self) -> None:
        """The command line, the staff's where it is there. This is the entry point of a console script."""
        zone = "staff" if find_spec("autograder.staff") else "student"
        import_module(f"autograder.{zone}.entry").main(self)


class LaidOut(msgspec.Struct, frozen=True):
    """What a kernel needs to run a notebook on data other than the data that it downloads."""

    code: str = ""
    """Code to run before the notebook's own."""
    folder: Path | None = None
    """An empty folder to run in, so that the results of other data overwrite nothing beside the notebook."""
