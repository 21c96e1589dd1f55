"""The public checks from inside a notebook: `check("encoder")` in a cell, and a table below it.

It checks the text of the cells that have been run in this session, in the order in which they were run. So the later of
two definitions counts, as it does in the session itself. The checks run in a process beside the session: nothing that
they do can touch what has been trained there, and a GPU makes no difference.
"""

import atexit
import io
from functools import cache
from typing import Any

import nbformat

from autograder.student.assignment import Assignment, Unavailable
from autograder.student.assignments import find
from autograder.student.commands.grade import Settings, check_notebook
from autograder.student.grading.bank import BankError
from autograder.student.grading.rubric import Rubric, load
from autograder.student.output.called import Command
from autograder.student.output.html import table
from autograder.student.output.results import Results
from autograder.student.output.screen import into
from autograder.student.output.terminal import print_report
from autograder.student.sandbox.host import Sandbox, SandboxError
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start
from autograder.student.submission.notebook import Notebook, parse_notebook


class Report:
    """The result of the checks: a notebook shows it as a table, a terminal as text."""

    def __init__(self, results: Results) -> None:
        self.results = results

    def _repr_html_(self) -> str:
        return table(self.results)

    def __repr__(self) -> str:
        text = io.StringIO()
        plain = into(text, 100)
        print_report(self.results, plain, title="Public checks")
        return text.getvalue()


def check(*items: str, assignment: str = "") -> Report:
    """Checks the code that has been run in this notebook: the named items, or all except the reports, which only a
    saved file has.

    `assignment`: its name, where several are installed. The first call takes some seconds longer than later ones.
    Raises ValueError for a name that is not an item, and RuntimeError outside a notebook or where the checks themselves
    cannot run.
    """
    try:
        asked = _assignment(assignment)
    except Unavailable as error:
        raise RuntimeError(str(error)) from None
    Command.name = asked.name
    rubric = _rubric(assignment)
    probed = tuple(item.name for item in rubric.items if item.probes)
    if unknown := sorted(set(items) - set(probed)):
        raise ValueError(f"there is no item {unknown[0]!r} to check here; the items are {', '.join(probed)}")
    try:
        settings = Settings(assignment=asked, rubric=rubric)
        results = check_notebook(settings, _session(asked), items or probed, _sandbox(assignment))
    except (SandboxError, BankError) as error:
        raise RuntimeError(str(error)) from None
    return Report(results)


def _session(assignment: Assignment) -> Notebook:
    """The cells run so far. Of cells with the same text only the last counts: running all cells again does not make two
    notebooks."""
    shell: Any = None
    try:
        from IPython import get_ipython

        shell = get_ipython()
    except ImportError:
        pass
    if shell is None:
        raise RuntimeError(
            f"check() looks at the notebook that it is called in; in a terminal use `{assignment.name} check NOTEBOOK`"
        )
    texts = [text for text in shell.history_manager.input_hist_raw if text.strip()]
    last = {text: number for number, text in enumerate(texts)}
    cells = [nbformat.v4.new_code_cell(text) for number, text in enumerate(texts) if last[text] == number]
    return parse_notebook(nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())


@cache
def _assignment(name: str) -> Assignment:
    return find(name)


@cache
def _rubric(name: str) -> Rubric:
    return load(_assignment(name))


@cache
def _sandbox(name: str) -> Sandbox:
    sandbox = Remembering(start(_rubric(name).environment))
    atexit.register(sandbox.close)
    return sandbox
