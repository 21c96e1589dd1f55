"""A class or function in the text of a cell, and another one in its place."""

import ast


def definition(source: str, name: str) -> ast.ClassDef | ast.FunctionDef | None:
    """The one of that name at the top level; None where the text has none, or is no Python."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    found = (node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name)
    return next(found, None)


def redefined(source: str, name: str, text: str) -> str:
    """The text with another definition in the place of that name's, as it is where there is none."""
    node = definition(source, name)
    if node is None:
        return source
    lines = source.split("\n")
    lines[node.lineno - 1 : node.end_lineno] = text.rstrip("\n").split("\n")
    return "\n".join(lines)
