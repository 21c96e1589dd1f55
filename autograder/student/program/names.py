"""Finds which global names a top-level statement binds, changes and reads, by Python's rules of scope."""

import ast
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Names(msgspec.Struct, frozen=True):
    """The global names in one statement."""

    binds: frozenset[str]
    imports: frozenset[str]
    """Those names in `binds` that an import binds."""
    changes: frozenset[str]
    """Names whose object is changed in place: `x.a = 1`, `x["a"] += 1`, `setattr(x, ...)`."""
    calls_on: frozenset[str]
    """Names on which a method is called for its effect: `x.append(1)`."""
    now: frozenset[str]
    """Names that are read when the statement itself runs, before it binds them."""
    later: frozenset[str]
    """Names that are read only when a function that it defines is called."""


class _Scope:
    """The place where a name is looked up first. In the module and in classes `bound` grows in the order of
    execution."""

    def __init__(
        self,
        kind: str,
        parent: "_Scope | None" = None,
        bound: set[str] | None = None,
        not_here: frozenset[str] = frozenset(),
    ) -> None:
        self.kind = kind
        self.parent = parent
        self.bound = set() if bound is None else bound
        self.not_here = not_here
        """Names that a function declares global."""
        self.deferred: bool = kind == "function" or (parent is not None and parent.deferred)
        self._order: list[str] = []

    def bind(self, name: str) -> None:
        if name not in self.bound:
            self.bound.add(name)
            self._order.append(name)

    def mark(self) -> int:
        return len(self._order)

    def back_to(self, mark: int) -> None:
        """Forgets the names that were bound since the mark."""
        self.bound.difference_update(self._order[mark:])
        del self._order[mark:]

    def holds(self, name: str) -> bool:
        """Whether the name is local here. Code nested in a class does not see the class's names."""
        scope, direct = self, True
        while name not in scope.bound or not (direct or scope.kind in ("function", "comprehension")):
            if scope.parent is None or name in scope.not_here:
                return False
            direct = scope.kind == "comprehension" and scope.parent.kind == "module"
            scope = scope.parent
        return True


def names_of(statement: ast.stmt) -> Names:
    """The names of a top-level statement. Raises RecursionError on very deep nesting."""
    walk = _Walk()
    walk.visit(statement, _Scope("module"))
    return Names(
        binds=frozenset(walk.binds),
        imports=frozenset(walk.imports),
        changes=frozenset(walk.changes),
        calls_on=frozenset(walk.calls_on),
        now=frozenset(walk.now),
        later=frozenset(walk.later),
    )


def base_name(node: ast.AST, through_calls: bool = False) -> str | None:
    """The name at the bottom of `name.a[0].b`; on request also through calls, as in `name.to(device).eval`."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif through_calls and isinstance(node, ast.Call):
            node = node.func
        else:
            return node.id if isinstance(node, ast.Name) else None


class _Walk:
    """Visits nodes in the order of their execution."""

    def __init__(self) -> None:
        self.binds: set[str] = set()
        self.imports: set[str] = set()
        self.changes: set[str] = set()
        self.calls_on: set[str] = set()
        self.now: set[str] = set()
        self.later: set[str] = set()

    def visit(self, node: ast.AST, scope: _Scope) -> None:
        handler = _HANDLERS.get(type(node))
        if handler is None:
            self.visit_all(ast.iter_child_nodes(node), scope)
        else:
            handler(self, node, scope)

    def visit_all(self, nodes: Iterable[ast.AST | None], scope: _Scope) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node, scope)

    def _assign(self, node: ast.Assign, scope: _Scope) -> None:
        self.visit_all((node.value, *node.targets), scope)

    def _assign_one(self, node: ast.AnnAssign | ast.AugAssign | ast.NamedExpr, scope: _Scope) -> None:
        self.visit_all((getattr(node, "annotation", None), node.value), scope)
        if isinstance(node.target, ast.Name):
            if isinstance(node, ast.AugAssign):
                self._read(node.target.id, scope)
            if node.value is None:
                return
        self.visit(node.target, scope)

    def _part(self, node: ast.Attribute | ast.Subscript, scope: _Scope) -> None:
        self.visit(node.value, scope)
        if isinstance(node, ast.Subscript):
            self.visit(node.slice, scope)
        if scope.kind == "module" and not isinstance(node.ctx, ast.Load) and (name := base_name(node)):
            self.changes.add(name)

    def _handler(self, node: ast.ExceptHandler, scope: _Scope) -> None:
        self.visit_all((node.type,), scope)
        if node.name:
            self._bind(node.name, scope)
        self.visit_all(node.body, scope)

    def _capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: _Scope) -> None:
        self.visit_all(ast.iter_child_nodes(node), scope)
        if name := node.rest if isinstance(node, ast.MatchMapping) else node.name:
            self._bind(name, scope)

    def _name(self, node: ast.Name, scope: _Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id, scope)
        else:
            self._bind(node.id, scope)

    def _read(self, name: str, scope: _Scope) -> None:
        if not scope.holds(name):
            (self.later if scope.deferred else self.now).add(name)

    def _bind(self, name: str, scope: _Scope) -> None:
        while scope.kind == "comprehension" and name not in scope.bound and scope.parent is not None:
            scope = scope.parent
        if scope.kind == "module":
            self.binds.add(name)
        if scope.kind != "function":
            scope.bind(name)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
        for alias in node.names:
            name = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0])
            self._bind(name, scope)
            if scope.kind == "module":
                self.imports.add(name)

    def _expression(self, node: ast.Expr, scope: _Scope) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if scope.kind == "module" and isinstance(call, ast.Call):
            if isinstance(call.func, ast.Attribute) and (name := base_name(call.func, through_calls=True)):
                self.calls_on.add(name)
            elif isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr") and call.args:
                self.changes.update(filter(None, (base_name(call.args[0]),)))
        self.visit(node.value, scope)

    def _branching(self, node: ast.AST, scope: _Scope) -> None:
        """Names that a branch binds count only inside the branch, because it may not be taken."""
        before = scope.mark()
        if isinstance(node, ast.For | ast.AsyncFor):
            self.visit_all((node.iter, node.target), scope)
        for field in ("test", "subject"):
            self.visit_all((getattr(node, field, None),), scope)
        start = scope.mark()
        body, *blocks = [getattr(node, field, []) for field in ("body", "orelse", "finalbody")]
        branches = [[branch] for field in ("handlers", "cases") for branch in getattr(node, field, [])]
        for block in (body, *branches, *blocks):
            self.visit_all(block, scope)
            scope.back_to(start)
        scope.back_to(before)

    def _comprehension(self, node: Comprehension, scope: _Scope) -> None:
        first = node.generators[0]
        self.visit(first.iter, scope)
        targets = {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        inner = _Scope("comprehension", scope, targets)
        for part in node.generators:
            self.visit(part.target, inner)
            if part is not first:
                self.visit(part.iter, inner)
            self.visit_all(part.ifs, inner)
        values = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        self.visit_all(values, inner)

    def _function(self, node: FunctionNode, scope: _Scope) -> None:
        if not isinstance(node, ast.Lambda):
            self.visit_all((*node.decorator_list, node.returns), scope)
        self.visit_all((*node.args.defaults, *node.args.kw_defaults), scope)
        self.visit_all((argument.annotation for argument in _arguments(node)), scope)
        if not isinstance(node, ast.Lambda):
            self._bind(node.name, scope)
        own, declared_global = _locals(node)
        inner = _Scope("function", scope, own, declared_global)
        self.visit_all(node.body if isinstance(node.body, list) else (node.body,), inner)

    def _class(self, node: ast.ClassDef, scope: _Scope) -> None:
        self.visit_all((*node.decorator_list, *node.bases, *node.keywords), scope)
        self.visit_all(node.body, _Scope("class", scope, set(_type_parameters(node))))
        self._bind(node.name, scope)


_HANDLERS: dict[type[ast.AST], Callable[[_Walk, Any, _Scope], None]] = {
    ast.Name: _Walk._name,
    ast.Assign: _Walk._assign,
    **dict.fromkeys((ast.AnnAssign, ast.AugAssign, ast.NamedExpr), _Walk._assign_one),
    **dict.fromkeys((ast.Attribute, ast.Subscript), _Walk._part),
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping), _Walk._capture),
    **dict.fromkeys((ast.Import, ast.ImportFrom), _Walk._import),
    **dict.fromkeys((ast.If, ast.While, ast.For, ast.AsyncFor, ast.Match, ast.Try, ast.TryStar), _Walk._branching),
    **dict.fromkeys(_COMPREHENSIONS, _Walk._comprehension),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda), _Walk._function),
    ast.ClassDef: _Walk._class,
    ast.Expr: _Walk._expression,
    ast.ExceptHandler: _Walk._handler,
}


def _arguments(node: FunctionNode) -> list[ast.arg]:
    spec = node.args
    starred = [argument for argument in (spec.vararg, spec.kwarg) if argument is not None]
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *starred]


def _type_parameters(node: ast.AST) -> list[str]:
    return [parameter.name for parameter in getattr(node, "type_params", ())]


def _locals(function: FunctionNode) -> tuple[set[str], frozenset[str]]:
    """The names local to a function, and the names that it declares global."""
    own = {argument.arg for argument in _arguments(function)} | set(_type_parameters(function))
    not_own: set[str] = set()
    declared_global: set[str] = set()
    pending: list[ast.AST] = list(function.body) if isinstance(function.body, list) else [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                own.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            own.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            not_own.update(node.names)
            declared_global.update(node.names if isinstance(node, ast.Global) else ())
        elif isinstance(node, _COMPREHENSIONS):
            walrus = (part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
            own.update(target.id for target in walrus)
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                own.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                own.add(node.rest)
            pending.extend(ast.iter_child_nodes(node))
    return own - not_own, frozenset(declared_global)
