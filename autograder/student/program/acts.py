"""Decides which statements act (train, download, read data, draw) instead of defining something cheap."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from autograder.student.program import effects
from autograder.student.program.names import base_name

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_CONSTRUCTORS = ("__init__", "__post_init__", "__new__")


class Acts:
    """Knows a notebook's imports and its own functions, and decides why a statement acts."""

    def __init__(self, statements: list[ast.stmt]) -> None:
        assigned = _assigned(statements)
        self._aliases = _aliases(statements, assigned)
        self._own: dict[str, str] = {}
        """Maps the notebook's acting callables to the reason; a method's name is ".name"."""
        bodies = list(_callables(statements))
        self._defined = {key for key, _ in bodies} | assigned
        callers: defaultdict[str, list[str]] = defaultdict(list)
        pending: list[tuple[str, str]] = []
        for key, nodes in bodies:
            if reason := _first(self._reasons(nodes)):
                pending.append((key, reason))
            for called in self._called(nodes):
                callers[called].append(key)
        while pending:
            key, reason = pending.pop()
            if _first(filter(None, (self._own.get(key), reason))) != self._own.get(key):
                self._own[key] = reason
                pending.extend((caller, reason) for caller in callers[key])

    def reason(self, statement: ast.stmt) -> str | None:
        """The reason why the statement acts ("it trains"), or None."""
        nodes = list(_run_now(statement))
        if reason := _first(
            (*self._reasons(nodes), *(self._own[key] for key in self._called(nodes) if key in self._own))
        ):
            return reason
        deletes = isinstance(statement, ast.Delete) and all(
            isinstance(target, ast.Name) for target in statement.targets
        )
        return effects.DELETES if deletes else None

    def _reasons(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, ast.Call):
                if reason := self._reason_of_call(node):
                    yield reason
            elif isinstance(node, ast.For | ast.comprehension) and _mentions_loader(node.iter):
                yield effects.DATA
            elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
                yield effects.WAITS

    def _reason_of_call(self, call: ast.Call) -> str | None:
        path = self._path(call.func)
        last = path.rpartition(".")[2]
        if path in effects.FUNCTIONS:
            return effects.FUNCTIONS[path]
        for end in (index for index, letter in enumerate(path + ".") if letter == "."):
            if path[:end] in effects.MODULES:
                return effects.MODULES[path[:end]]
        if last in effects.LAST_NAMES and not (isinstance(call.func, ast.Name) and self._is_own(call.func.id)):
            return effects.LAST_NAMES[last]
        if last in ("iter", "next") and any(_mentions_loader(argument) for argument in call.args):
            return effects.DATA
        own = isinstance(call.func, ast.Name) and (self._is_own(call.func.id) or call.func.id == "dict")
        return effects.DOWNLOADS if not own and _wants_weights(call) else None

    def _path(self, node: ast.AST) -> str:
        """The full dotted name of the called object; a name that is not imported starts with a dot."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        root = ""
        if isinstance(node, ast.Name):
            known = self._aliases.get(node.id, node.id if not attributes else "")
            root = f".{node.id}" if self._is_own(node.id) else known
        return ".".join((root, *reversed(attributes[:20])))

    def _is_own(self, name: str) -> bool:
        return name in self._defined and name not in self._aliases

    def _called(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        """Keys of the called objects that may be the notebook's own."""
        for node in nodes:
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name):
                    yield node.func.id
                elif isinstance(node.func, ast.Attribute) and base_name(node.func) not in self._aliases:
                    yield "." + node.func.attr


def _first(reasons: Iterable[str]) -> str | None:
    return min(reasons, key=effects.RANKING.index, default=None)


def _run_now(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run when the statement runs: bodies of functions and classes do not act, nor does an import's
    fallback."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, _DEFINITIONS):
            continue
        yield node
        if isinstance(node, ast.Try) and isinstance(node.body[0], ast.Import | ast.ImportFrom):
            pending.extend((*node.body, *node.orelse, *node.finalbody))
        else:
            pending.extend(ast.iter_child_nodes(node))


def _aliases(statements: list[ast.stmt], assigned: set[str]) -> dict[str, str]:
    """What imported names mean, in functions too: {"plt": "matplotlib.pyplot"}."""
    aliases: dict[str, str] = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    aliases[name] = alias.name if alias.asname else name
            elif isinstance(node, ast.ImportFrom):
                aliases.update(
                    {alias.asname or alias.name: f"{node.module or ''}.{alias.name}" for alias in node.names}
                )
    return {name: path for name, path in effects.USUAL_ALIASES.items() if name not in assigned} | aliases


def _assigned(statements: list[ast.stmt]) -> set[str]:
    return {
        node.id
        for statement in statements
        if not isinstance(statement, _DEFINITIONS)
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _callables(statements: list[ast.stmt]) -> Iterator[tuple[str, list[ast.AST]]]:
    """The notebook's functions, lambdas, classes (the code that runs when an instance is made) and methods, each with
    the nodes inside."""
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, _inside(node)
            yield _result_of(node.name), list(ast.walk(node))
            pending.extend(_nested(node))
        elif isinstance(node, ast.ClassDef):
            yield from _class_callables(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda | ast.Name | ast.Call):
            for target in node.targets[:10]:
                if isinstance(target, ast.Name):
                    yield target.id, _inside(node.value)
        elif isinstance(node, ast.stmt | ast.ExceptHandler):
            pending.extend(
                child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.ExceptHandler)
            )


def _class_callables(node: ast.ClassDef) -> Iterator[tuple[str, list[ast.AST]]]:
    making: list[ast.AST] = [ast.Call(base, [], []) for base in node.bases]
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = _inside(child)
            if child.name in _CONSTRUCTORS:
                making += inside
            elif not child.name.startswith("__"):
                yield "." + child.name, inside
    yield node.name, making


def _result_of(name: str) -> str:
    """The key of the value that a function returns; using it runs the functions that are defined inside."""
    return f"{name}()"


def _inside(node: ast.AST) -> list[ast.AST]:
    """The nodes that run when the callable is called, without the functions that it defines."""
    if isinstance(node, ast.Name):
        return [ast.Call(node, [], [])]  # another name of a function acts as the function does
    if isinstance(node, ast.Call):
        # A function that another one makes acts as that one does.
        names = [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
        return [ast.Call(ast.Name(key), [], []) for name in names for key in (name, _result_of(name))]
    inside: list[ast.AST] = []
    pending: list[ast.AST] = [node]
    while pending:
        part = pending.pop()
        inside.append(part)
        pending.extend(
            child
            for child in ast.iter_child_nodes(part)
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )
    return inside


def _nested(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.stmt]:
    """The outermost definitions inside a function."""
    pending: list[ast.AST] = list(node.body)
    while pending:
        part = pending.pop()
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield part
        else:
            pending.extend(ast.iter_child_nodes(part))


def _mentions_loader(node: ast.AST) -> bool:
    return any("loader" in name.lower() for name in _all_names(node))


def _all_names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _wants_weights(call: ast.Call) -> bool:
    """A call with `pretrained=True`, `weights=...`, `download=True`, or a positional `ResNet50_Weights.DEFAULT`."""
    for keyword in call.keywords:
        given = not isinstance(keyword.value, ast.Constant) or bool(keyword.value.value)
        if given and keyword.arg in ("pretrained", "download", "weights"):
            return keyword.arg != "weights" or isinstance(keyword.value, ast.Constant | ast.Attribute)
    return any("_Weights" in name for argument in call.args for name in _all_names(argument))
