"""Reads the toy's report."""

import re

from autograder.grading.verdicts import Finding


def answer(notebook, item):
    found = re.search(r"The answer: (\w+)", notebook.cells[-1].source)
    right = found is not None and found[1] == "42"
    return {
        "said": Finding(
            passed=right, message="" if right else item.todo, misconception=None if right else "answer-wrong"
        )
    }
