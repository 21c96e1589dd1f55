"""Statements without the parts that a copyist changes. Two statements have one shape where they differ only in layout,
comments, docstrings, type hints and the names that their notebook gives.

Subtrees are compared by a digest: Baxter et al., Clone Detection Using Abstract Syntax Trees, ICSM 1998.
"""

import ast
import builtins
import hashlib
import warnings
from collections.abc import Iterator, Sequence

import msgspec

from autograder.student.program.model import Outline, Statement
from autograder.student.program.slicing import program_for

LEAST = 12
"""The least nodes in the syntax tree of a statement that counts; `self.relu = nn.ReLU()` has ten."""
HINTS = {"annotation", "returns", "type_comment", "ctx", "kind", "simple"}
NAMES: tuple[tuple[type[ast.AST], str], ...] = (
    (ast.Name, "id"),
    (ast.arg, "arg"),
    (ast.FunctionDef, "name"),
    (ast.ClassDef, "name"),
    (ast.ExceptHandler, "name"),
    (ast.Attribute, "attr"),
)
"""The names that a notebook gives, and where. Keywords of calls do not count: most are torch's."""


class Shape(msgspec.Struct, frozen=True):
    """One statement, without nested ones."""

    digest: str
    """The digest of the statement with all statements nested in it."""
    size: int
    """The nodes of its syntax tree that belong to no nested statement."""
    cell: int
    """Number of its code cell, from 1."""
    line: int
    """Its first line inside the top-level statement, from 1."""
    last: int
    """Its last line."""
    top: int
    """The index of the top-level statement that it is part of."""
    source: str
    """Its text."""


def shapes(outline: Outline, wanted: Sequence[Sequence[str]]) -> tuple[Shape, ...]:
    """The statements of the code that any of the wanted groups of names needs, in the order of the notebook."""
    chosen = {statement for names in wanted for statement in program_for(outline, names).statements}
    ordered = [statement for statement in outline.statements if statement in chosen]
    trees = [_parsed(statement.source) for statement in ordered]
    others = {*dir(builtins), *(name for tree in trees for name in _imported(tree))}
    return tuple(
        shape
        for top, (statement, tree) in enumerate(zip(ordered, trees, strict=True))
        for shape in _shapes(statement, tree, top, others)
    )


def _shapes(statement: Statement, tree: ast.Module, top: int, others: set[str]) -> Iterator[Shape]:
    lines = statement.source.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not _is_docstring(node) and sum(1 for _ in ast.walk(node)) >= LEAST:
            last = node.end_lineno or node.lineno
            yield Shape(
                digest=hashlib.blake2b("\0".join(_words(node, others, {})).encode(), digest_size=12).hexdigest(),
                size=_size(node),
                cell=statement.cell,
                line=node.lineno,
                last=last,
                top=top,
                source="\n".join(lines[node.lineno - 1 : last]),
            )


def _size(node: ast.AST) -> int:
    inner = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.expr_context))
    return 1 + sum(map(_size, inner))


def _words(value: object, others: set[str], numbers: dict[str, int]) -> Iterator[str]:
    """The tree from left to right; `numbers` gives each of the notebook's own names a number, in the order of
    appearance."""
    if isinstance(value, ast.AST):
        # A type hint does not make an assignment another statement.
        yield "Assign" if isinstance(value, ast.AnnAssign) else type(value).__name__
        for field, inner in ast.iter_fields(value):
            if field in HINTS:
                continue
            if isinstance(inner, str) and inner not in others and _is_own(value, field):
                yield f"name {numbers.setdefault(inner, len(numbers))}"
            elif field == "target" and isinstance(value, ast.AnnAssign):
                yield from _words([inner], others, numbers)
            else:
                yield from _words(inner, others, numbers)
        yield ")"
    elif isinstance(value, list):
        for each in value:
            if not _is_docstring(each):
                yield from _words(each, others, numbers)
        yield "]"
    else:
        yield repr(value)


def _is_own(node: ast.AST, field: str) -> bool:
    """Only attributes of `self` count: the others are mostly torch's."""
    if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
        return False
    return any(isinstance(node, kind) and field == name for kind, name in NAMES)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield (alias.asname or alias.name).split(".")[0]


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)
