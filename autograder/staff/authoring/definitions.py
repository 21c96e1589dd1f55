"""Finds a class or function in the text of a cell, and replaces it."""

import ast


def definition(source: str, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """The definition of that name at the top level; None where the text has none, or is not Python."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    found = (node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name)
    return next(found, None)


def redefined(source: str, name: str, text: str) -> str:
    """The text with another definition in the place of that name's; unchanged where it has none."""
    node = definition(source, name)
    if node is None:
        return source
    lines = source.split("\n")
    lines[node.lineno - 1 : node.end_lineno] = text.rstrip("\n").split("\n")
    return "\n".join(lines)
