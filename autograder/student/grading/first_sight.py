"""What to say about a whole notebook before anything else, where one sentence explains most of the rest."""

import re

from autograder.student.grading.messages import quote
from autograder.student.grading.rubric import Rubric
from autograder.student.program import Submission

CONFLICT = re.compile(r"^(<{7} |>{7} |={7}\s*$)", re.MULTILINE)
PYTHON = re.compile(r"i?python|xpython|sage", re.IGNORECASE)
MOST_NAMED = 12


def first_sight(submission: Submission, rubric: Rubric) -> str:
    """A sentence or two for the student; "" where there is nothing to say."""
    notebook, outline = submission.notebook, submission.outline
    asked = sorted(rubric.asked)
    there = {name for part in outline.statements for name in part.binds}
    there |= {name for part in outline.broken for name in part.names}
    if notebook.language and not PYTHON.match(notebook.language) and not there & rubric.asked:
        return (
            f"This notebook is written in another language: its file says {quote(notebook.language)}. The assignment "
            "is in Python, and no other code can be graded."
        )
    if torn := [cell.number for cell in notebook.cells if cell.kind == "code" and _is_torn(cell.source)]:
        return (
            f"Code cell {torn[0]} still has the marks of an unfinished git merge (`<<<<<<<`, `=======`, `>>>>>>>`), "
            "so it is not valid Python. Keep one of the two versions and delete the marks."
        )
    mentioned = {mention.name: mention.in_text for mention in outline.mentions}
    if in_text := [name for name in asked if name not in there and mentioned.get(name)]:
        verb = "stand" if len(in_text) > 1 else "stands"
        return (
            f"{_listed(in_text)} {verb} in text cells, which are not run. Turn the cells that hold code into "
            f"code cells."
        )
    if asked and not any(name in there or name in mentioned for name in asked):
        return (
            f"None of the names that this assignment ({rubric.title}) asks for is in the notebook: "
            f"{_listed(asked)}. Is this the notebook of another assignment?"
        )
    return ""


def _is_torn(source: str) -> bool:
    return {mark[0] for mark in CONFLICT.findall(source)} >= {"<", "="} or "<<<<<<< HEAD" in source


def _listed(names: list[str]) -> str:
    shown = [quote(name) for name in names[:MOST_NAMED]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
