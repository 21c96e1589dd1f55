"""Modules that a notebook writes itself (`%%writefile nets.py`): such a cell counts as a cell of the notebook, and an
import from that module as other names for what is there already."""

import ast
from collections.abc import Mapping


def flattened(node: ast.stmt, written: Mapping[str, frozenset[str]]) -> str | None:
    """The statement that replaces an import from a written module, None for any other statement.

    `written` maps module names to the names that they define. `from nets import Encoder as E` becomes `E = Encoder`;
    `import nets` becomes a namespace of its names.
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
    """Whether it is `if __name__ == "__main__":`, whose body does not run when the module is imported."""
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )
