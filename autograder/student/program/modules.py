"""Cells that write a module of the notebook's own (`%%writefile nets.py`) count as cells of the notebook, and importing
from that module as naming what is there already."""

import ast
from collections.abc import Mapping


def flattened(node: ast.stmt, written: Mapping[str, frozenset[str]]) -> str | None:
    """What stands for an import from a written module, None for any other statement.

    `written` maps module names to the names that they define. `from nets import Encoder as E` becomes `E = Encoder`,
    `import nets` a namespace of its names.
    """
    if isinstance(node, ast.ImportFrom) and node.module in written:
        renamed = [alias for alias in node.names if alias.asname not in (None, alias.name)]
        left = ", ".join(str(alias.asname) for alias in renamed)
        return f"{left} = {', '.join(alias.name for alias in renamed)}" if renamed else "pass"
    if isinstance(node, ast.Import) and len(node.names) == 1 and node.names[0].name in written:
        alias = node.names[0]
        fields = ", ".join(f"{field}={field}" for field in sorted(written[alias.name]) if field.isidentifier())
        return f"{alias.asname or alias.name.rpartition('.')[2]} = __import__('types').SimpleNamespace({fields})"
    return None


def runs_alone(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which importing a module does not run."""
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )
