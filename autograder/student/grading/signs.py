"""Finds words in the text of a component that may be the cause of a mistake, where its replies do not show the cause:
calls and named arguments that the assignment does not ask for. A sign says what is written there, not that it is the
cause."""

import ast
import warnings
from collections.abc import Iterator, Sequence

import msgspec

from autograder.student.program import Outline, Program, Statement, program_for

MOST = 3


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words of one kind."""

    items: tuple[str, ...]
    says: str
    """Follows the word and its place in the sentence: "clips the gradients, ..."."""
    calls: tuple[str, ...] = ()
    """Functions and classes, by the last part of their name."""
    keywords: tuple[str, ...] = ()
    """Named arguments of calls."""


def seen(signs: Sequence[Sign], item: str, component: str, outline: Outline, others: frozenset[str]) -> list[str]:
    """A sentence for each of the first few signs in the component and in the notebook's own functions that it uses.
    `others` are names that belong to other items."""
    mine = [sign for sign in signs if item in sign.items]
    said: dict[str, str] = {}
    for statement in _own(program_for(outline, (component,)), component, others):
        for word, line, called in _words(statement):
            for sign in mine:
                if word in (sign.calls if called else sign.keywords) and sign.says not in said:
                    said[sign.says] = f"`{word}` in code cell {statement.cell}, line {line}, {sign.says}"
    return [*said.values()][:MOST]


def _own(program: Program, component: str, others: frozenset[str]) -> Iterator[Statement]:
    """The component's statements and the statements that they use, in the order of the document, without those that
    belong to other items."""
    binders: dict[str, list[int]] = {}
    for index, statement in enumerate(program.statements):
        for name in statement.binds:
            binders.setdefault(name, []).append(index)
    reached: set[int] = set()
    pending, seen = [component], {component, *others}
    while pending:
        for index in binders.get(pending.pop(), []):
            if index not in reached:
                reached.add(index)
                fresh = program.statements[index].needs - seen
                seen |= fresh
                pending += fresh
    return (program.statements[index] for index in sorted(reached))


def _words(statement: Statement) -> Iterator[tuple[str, int, bool]]:
    """The word, its line in the cell, and whether it is called; otherwise it names an argument."""
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            tree = ast.parse(statement.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            line = statement.line + node.func.end_lineno - 1 if node.func.end_lineno else statement.line
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""), line, True
            for keyword in node.keywords:
                yield keyword.arg or "", statement.line + keyword.lineno - 1, False
