"""The functions that an assignment's object names, each with an example. They need not inherit from these classes."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import typer

from autograder.guest.namespace import Namespace
from autograder.guest.outcomes import Outcome
from autograder.student.assignment import LaidOut
from autograder.student.grading.reproduction import Reproduce
from autograder.student.grading.rubric import Item
from autograder.student.grading.verdicts import Finding
from autograder.student.program import Submission
from autograder.student.submission.notebook import Notebook


class Environment(Protocol):
    """What guests find installed: a module with these functions. Example: `autograder.guest.environment`."""

    def preload(self) -> None:
        """Imports the packages that are slow to import, once for all guests, before there is any student's code."""

    def measure(self) -> float:
        """Seconds, some hundredths, that this machine takes for a fixed piece of work: the unit of all time limits."""

    def settings(self) -> Callable[[], None]:
        """Remembers the settings that packages keep outside of Python's reach, and returns a function that restores
        them."""

    def install(self) -> None:
        """Prepares one guest before the student's code runs; for example, puts stand-ins under the names of
        packages."""


class Probe(Protocol):
    """Exercises one component in a guest, and gives facts (what JSON can hold) and arrays, never a judgement.

        def total(notebook, *, numbers):
            with notebook.theirs():
                return {}, {"total": [float(notebook["add"](numbers))]}

    What is in `theirs()` is the student's if it raises. The names of facts and arrays are the rubric's fields.
    """

    def __call__(self, notebook: Namespace, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]: ...


class Reader(Protocol):
    """Judges an item by the notebook's text only, and returns a finding for each of its checks.

    def answer(notebook, item):
        right = "The answer: 42" in notebook.cells[-1].source
        return {"said": Finding(passed=right, message="" if right else item.todo, misconception=None)}
    """

    def __call__(self, notebook: Notebook, item: Item) -> Mapping[str, Finding]: ...


class Interpreter(Protocol):
    """Turns a guest's reply into what is compared, with the help of the notebook's text: a guest could say anything,
    and the text contradicts it.

        def called_by_name(outcome, submission):
            facts = {"broken": [cell.line for cell in submission.outline.broken]}
            return Reply(facts=outcome.facts | facts, arrays=outcome.arrays)
    """

    def __call__(self, outcome: Outcome, submission: Submission) -> Outcome: ...


class Data(Protocol):
    """Lays a data set out for a notebook, while the context is open: `run --data NAME`."""

    def __call__(self, name: str, notebook: Path) -> AbstractContextManager[LaidOut]:
        """Prepares the data. Raises Unavailable."""


class Reproduction(Protocol):
    """Makes the judge of the rubric's `reproduced` checks on the data set of that name: `grade --reproduce NAME`."""

    def __call__(self, name: str) -> Reproduce:
        """Makes it. Raises Unavailable."""


class Variant(Protocol):
    """Writes a component as a student with these habits would.

    def add(style):
        name = style.text("total", "result")
        return f"def add(numbers):\\n    {name} = sum(numbers)\\n    return {name}\\n"
    """

    def __call__(self, style: Any) -> str:
        """`style`: `autograder.staff.authoring.style.Style`."""


class Commands(Protocol):
    """Adds commands to the staff's command line, and to `build`.

    def add(app, building):
        app.command()(calibrate)
    """

    def __call__(self, app: typer.Typer, building: typer.Typer) -> None: ...
