"""Explains in the student's terms why a name that a check asks for is not there."""

import difflib
import re
import sys
from collections.abc import Collection, Iterator

from autograder.student.program.model import Outline, Statement

MAX_NAME = 60
_DEFINED = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_MAX_CANDIDATES = 2_000


def why_missing(outline: Outline, name: str, asked: Collection[str] = ()) -> str:
    """One or two sentences for the student on why the notebook does not define `name`. `asked` are the functions and
    classes that the assignment asks for; any other name is one that the student's own code uses."""
    shown = short(name)
    binders = [statement for statement in outline.statements if name in statement.binds]
    may_run = [statement for statement in binders if statement.acts is None]
    if may_run:
        return (
            f"`{shown}` is defined in {_place(may_run[-1])}, but it was not there after the notebook's definitions "
            "had run: look for an error in that statement or in what it uses."
        )
    for broken in outline.broken:
        if name in broken.names:
            return (
                f"`{shown}` is not defined: code cell {broken.cell} has a syntax error in line {broken.line}: "
                f"{broken.message.rstrip('.')}." + too_new(outline)
            )
    if binders:
        return (
            f"`{shown}` is made in {_place(binders[-1])}, by a statement that is left out while grading: "
            f"{binders[-1].acts}. "
            "Write your functions so that they use their arguments."
        )
    mentions = [mention for mention in outline.mentions if mention.name == name]
    for mention in sorted(mentions, key=lambda each: each.in_text):
        place = "" if mention.in_text else f"it is in code cell {mention.cell}, line {mention.line}, but "
        return f"`{shown}` is not defined: {place}{mention.how}."
    if name not in asked:
        return f"The notebook defines nothing with the name `{shown}`."
    if (similar := _similar(outline, name, asked)) is not None:
        other, cell = similar
        return f"`{shown}` is not defined: there is `{other}` in code cell {cell}; the name must be `{shown}`."
    return f"`{shown}` does not occur in the notebook. Define it under exactly this name."


def too_new(outline: Outline) -> str:
    """What to add about a syntax error where the notebook was made with a newer Python than the grader's."""
    if not outline.newer_python:
        return ""
    return (
        f" The notebook was saved with Python {outline.newer_python}, and grading ran on "
        f"{sys.version_info[0]}.{sys.version_info[1]}, which may not know this syntax yet. It is not counted as your "
        "mistake: the course staff will look at it."
    )


def short(name: str) -> str:
    """A name for a message; a student may choose a name of any length."""
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 3] + "..."


def _place(statement: Statement) -> str:
    return f"code cell {statement.cell}, line {statement.line}"


def _similar(outline: Outline, name: str, asked: Collection[str]) -> tuple[str, int] | None:
    """A function or class whose name differs in capitals, underscores or a few letters and that the assignment does not
    ask for, with its code cell."""
    cells: dict[str, int] = {}
    for defined, cell in _definitions(outline):
        if len(defined) <= MAX_NAME and len(cells) < _MAX_CANDIDATES and defined not in asked:
            cells.setdefault(defined, cell)
    plain = {_plain(defined): defined for defined in cells}
    if _plain(name) in plain:
        best = [plain[_plain(name)]]
    else:
        best = difflib.get_close_matches(name[:MAX_NAME], cells, n=1, cutoff=0.8)
    return (best[0], cells[best[0]]) if best else None


def _definitions(outline: Outline) -> Iterator[tuple[str, int]]:
    for statement in outline.statements:
        if defined := _DEFINED.search(statement.source):
            yield defined.group(1), statement.cell
    for broken in outline.broken:
        for name in sorted(broken.names):
            yield name, broken.cell


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()
