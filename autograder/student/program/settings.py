"""Finds names that a statement sets through the dictionary of globals, without an assignment."""

import ast
from collections.abc import Iterator, Mapping

ANY = "*"
"""Stands for names that the text does not show."""
_DICTIONARIES = ("globals", "vars", "locals")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def setters(statements: list[ast.stmt]) -> dict[str, frozenset[str]]:
    """Maps the notebook's own functions that set globals when they are called to the names that they set."""
    found = {}
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            names = {name for each in statement.body for name in set_through_globals(each, {})}
            names |= {name for each in ast.walk(statement) if isinstance(each, ast.Global) for name in each.names}
            if names:
                found[statement.name] = frozenset(names)
    return found


def set_through_globals(statement: ast.stmt, functions: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names; ANY is among them where the text does not show them. They are set by `globals()["x"] = 1`,
    `globals().update(x=1)`, `exec`, or a call of one of `functions` for its effect."""
    return frozenset(_names(statement, functions))


def _names(statement: ast.stmt, functions: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for node in _run_now(statement):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_dictionary(node.value):
            yield _text(node.slice)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("update", "setdefault") and _is_dictionary(node.func.value):
                yield from _updated(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "setattr" and len(node.args) == 3 and _is_this_module(node.args[0]):
                yield _text(node.args[1])
            elif node.func.id == "exec":
                yield ANY
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        yield from functions.get(called.id, ()) if isinstance(called, ast.Name) else ()


def _updated(call: ast.Call) -> Iterator[str]:
    """The keys in the arguments of `update` or `setdefault`."""
    yield from (keyword.arg or ANY for keyword in call.keywords)
    for argument in call.args[:1]:
        if isinstance(argument, ast.Dict):
            yield from (_text(key) for key in argument.keys)
        elif isinstance(argument, ast.Constant):
            yield _text(argument)
        elif isinstance(argument, ast.Call) and isinstance(argument.func, ast.Name) and argument.func.id == "dict":
            yield from _updated(argument)
        else:
            yield ANY


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ANY


def _is_dictionary(node: ast.AST) -> bool:
    """Whether it is `globals()`, or `vars()` or `locals()`, which at top level are the same."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _DICTIONARIES
        and not node.args
    )


def _is_this_module(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name) and node.slice.id == "__name__"


def _run_now(statement: ast.stmt) -> Iterator[ast.AST]:
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if not isinstance(node, _DEFINITIONS):
            yield node
            pending.extend(ast.iter_child_nodes(node))
