"""Reads the toy's report."""

import re

from autograder.student.grading.verdicts import Finding


def answer(notebook, item):
    """The text of the last cell decides."""
    found = re.search(r"The answer: (\w+)", notebook.cells[-1].source)
    right = found is not None and found[1] == "42"
    mistake = None if right else "answer-wrong"
    return {"said": Finding(passed=right, message="" if right else item.todo, misconception=mistake)}
