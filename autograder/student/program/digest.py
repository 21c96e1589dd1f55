"""What tells one definition from another, whatever their layout."""

import ast
import hashlib
import warnings

from autograder.student.program.model import Outline


def digest(outline: Outline, name: str) -> str:
    """Of the last statement that binds the name, without comments, docstrings and other bare strings; "" where none
    does. The text and not the tree is hashed, whose fields differ from one Python to the next."""
    for statement in reversed(outline.statements):
        if name in statement.binds:
            with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
                tree = _Bare().visit(ast.parse(statement.source))
            return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()[:20]
    return ""


class _Bare(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Without those that are a text and no more."""
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node
