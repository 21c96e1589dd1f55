"""The functions and methods of a notebook with their syntax trees; each is found by its name."""

import ast

import msgspec

from autograder.student.program.model import Outline


class Function(msgspec.Struct, frozen=True, eq=False):
    """A function or method, and the place of its statement."""

    node: ast.FunctionDef
    cell: int
    line: int
    """The line in the cell that is line 1 of the tree."""
    owner: str = ""
    """The name of its class, "" for a function."""

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters without `self`; those with a star come last."""
        arguments = self.node.args
        names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        names += [each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None]
        return names[1:] if self.owner and names and names[0] == "self" else names

    def inner(self, node: ast.FunctionDef) -> "Function":
        """A function that is defined inside this one."""
        return msgspec.structs.replace(self, node=node, owner="")


class Definitions:
    """The last definition of every name, which is the one that counts when the notebook has been run."""

    def __init__(self, outline: Outline) -> None:
        self._functions: dict[str, Function] = {}
        self._methods: dict[str, dict[str, Function]] = {}
        self._bases: dict[str, list[str]] = {}
        for statement in outline.statements:
            try:
                tree = ast.parse(statement.source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for node in tree.body:
                self._add(node, statement.cell, statement.line)

    def function(self, name: str) -> Function | None:
        """The top-level function of that name."""
        return self._functions.get(name)

    def method(self, caller: Function, name: str, *, above: bool = False) -> Function | None:
        """A method of the caller's class or of its bases; with `above`, of its bases only."""
        return self._lookup(caller.owner, name, above)

    def of_class(self, owner: str, name: str) -> Function | None:
        """A method of the class or of its bases."""
        return self._lookup(owner, name)

    def _lookup(self, owner: str, name: str, above: bool = False, depth: int = 10) -> Function | None:
        own = self._methods.get(owner, {}).get(name)
        if own is not None and not above:
            return own
        inherited = (self._lookup(base, name, depth=depth - 1) for base in self._bases.get(owner, []) if depth)
        return next((each for each in inherited if each is not None), None)

    def _add(self, node: ast.stmt, cell: int, line: int) -> None:
        if isinstance(node, ast.FunctionDef):
            self._functions[node.name] = Function(node, cell, line)
        elif isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            self._methods[node.name] = {each.name: Function(each, cell, line, node.name) for each in methods}
            self._bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            self._attach(node, node.value.id)

    def _attach(self, node: ast.Assign, function: str) -> None:
        """Takes in an assignment such as `CLIPModel.forward = forward`."""
        for target in node.targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and function in self._functions:
                owner = target.value.id
                attached = msgspec.structs.replace(self._functions[function], owner=owner)
                self._methods.setdefault(owner, {})[target.attr] = attached
