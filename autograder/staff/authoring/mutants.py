"""The solved notebook with one or two systematic changes in one component. How many of them grading sees measures what
it misses."""

import ast
import random
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import msgspec

from autograder.staff.authoring import frames
from autograder.staff.authoring.definitions import definition, redefined
from autograder.staff.authoring.mutations import Change, applied, changes
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Item
from autograder.student.submission.notebook import Notebook

AROUND = 24
"""How many characters are shown on both sides of a change."""


class Mutant(msgspec.Struct, frozen=True):
    """A solved notebook with changes in one component."""

    item: str
    operators: tuple[str, ...]
    change: str
    """The lines before and after."""
    parts: tuple[str, ...]
    """The lines of each change alone, where there are two."""
    notebook: Notebook


def first_order(assignment: Assignment, item: Item, frame: Path) -> Iterator[Mutant]:
    """Every mutant with one change in that frame; of mutants with the same text only one. Raises FrameError."""
    tree = _component(assignment, item, frame)
    texts = {ast.unparse(tree)}
    for change in changes(tree):
        text = ast.unparse(applied(tree, change))
        if text not in texts:
            texts.add(text)
            yield _mutant(assignment, item, frame, tree, text, change)


def pairs(assignment: Assignment, items: Iterable[Item], frame: Path, count: int, seed: int = 0) -> Iterator[Mutant]:
    """Mutants with two changes of one component, chosen at random, neither inside the other. Raises FrameError."""
    chance = random.Random(seed)
    chosen = {item.name: item for item in items}
    trees = {name: _component(assignment, item, frame) for name, item in chosen.items()}
    texts = {name: ast.unparse(tree) for name, tree in trees.items()}
    known = {
        name: [change for change in changes(tree) if ast.unparse(applied(tree, change)) != texts[name]]
        for name, tree in trees.items()
    }
    while count:
        name = chance.choice(sorted(trees))
        first, second = sorted(chance.sample(known[name], 2), key=lambda change: str(change.path))
        shorter = min(len(first.path), len(second.path))
        if first.path[:shorter] == second.path[:shorter] or _moves_places(second):
            continue
        # The second change leaves the path to the first as it is.
        text = ast.unparse(applied(applied(trees[name], second), first))
        if text != texts[name]:
            yield _mutant(assignment, chosen[name], frame, trees[name], text, first, second)
            count -= 1


def _moves_places(change: Change) -> bool:
    return isinstance(change.replaced, list)


def _component(assignment: Assignment, item: Item, frame: Path) -> ast.Module:
    """The syntax tree of the student's code, without docstrings."""
    for cell in frames.generate(assignment, "solution", frame).cells:
        if frames.belongs(cell, item.name) and (node := definition(cell.source, item.needs[0])):
            for each in ast.walk(node):
                if isinstance(each, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(each):
                    del each.body[0]
            return ast.Module(body=[node], type_ignores=[])
    raise frames.FrameError(f"no cell of {item.name} defines {item.needs[0]}")


def _mutant(assignment: Assignment, item: Item, frame: Path, tree: ast.Module, text: str, *made: Change) -> Mutant:
    notebook = frames.generate(assignment, "solution", frame)
    for cell in notebook.cells:
        if frames.belongs(cell, item.name):
            cell.source = redefined(cell.source, item.needs[0], text)
    return Mutant(
        item=item.name,
        operators=tuple(change.operator for change in made),
        change=_told(tree, text),
        parts=tuple(_told(tree, ast.unparse(applied(tree, each))) for each in made),
        notebook=frames.as_submission(notebook),
    )


def _told(tree: ast.Module, text: str) -> str:
    """The lines from the first to the last that differ."""
    before, after = ast.unparse(tree).split("\n"), text.split("\n")
    first = next(n for n, lines in enumerate(zip_longest(before, after)) if lines[0] != lines[1])
    last = next(n for n, lines in enumerate(zip_longest(before[::-1], after[::-1])) if lines[0] != lines[1])
    regions = [lines[first : max(first, len(lines) - last)] for lines in (before, after)]
    told = ["; ".join(line.strip() for line in region) for region in regions]
    if told[0] == told[1]:  # only the indentation differs
        told = ["; ".join(region) for region in regions]
    return _shortened(*told)


def _shortened(before: str, after: str) -> str:
    """Both texts without most of what they have in common at the beginning and at the end."""
    first = _in_common(before, after)
    last = _in_common(before[first:][::-1], after[first:][::-1])
    first, last = max(0, first - AROUND), max(0, last - AROUND)
    return "  ->  ".join(text[first : len(text) - last] or "(nothing)" for text in (before, after))


def _in_common(one: str, other: str) -> int:
    """How many characters they have in common at the beginning."""
    differing = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
