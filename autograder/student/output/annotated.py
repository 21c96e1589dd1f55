"""A notebook as a page: each item's verdicts stand below the cell that they are about, and the lines that they name are
marked."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from autograder.student.output import html
from autograder.student.output.beside import Beside
from autograder.student.output.paper import blocks, formatter
from autograder.student.output.results import Results, Test

_LINE = re.compile(r"(code cell \d{1,5}), line (\d{1,6})")
LIGHT, DARK = "default", "github-dark"
"""Styles of pygments, light and dark."""


def render(content: Mapping[str, Any], results: Results, *, title: str, name: str, folder: Path | None) -> str:
    """The page's HTML, for a notebook in format 4. `folder`: where pictures lie that the notebook's text names by their
    path."""
    wrong = [test for test in results.tests if test.status == "failed"]
    light, dark = (formatter(style).get_style_defs(".source") for style in (LIGHT, DARK))
    return html.render(
        results,
        title=title,
        notebook_name=name,
        blocks=list(blocks(content["cells"], Beside(folder), marked(wrong))),
        code_style=f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}",
    )


def marked(tests: Iterable[Test]) -> dict[str, set[int]]:
    """Maps a code cell to its lines that the tests name, as in "code cell 7, line 4"."""
    found: dict[str, set[int]] = {}
    for test in tests:
        for cell, line in _LINE.findall(test.output):
            found.setdefault(cell, set()).add(int(line))
    return found
