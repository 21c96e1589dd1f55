"""Finds loops over rows in the text of a function and of the functions that it calls. Nothing is run.

Every value is of one of three kinds, and only a loop over the third kind is a loop over rows: OTHER (layers, numbers,
settings), FEW (a written-out tuple of tensors, the k best of many, a dict of tensors) and ROWS (a tensor or array with
one row for each pair or image, and the numbers that count these rows). In doubt a value gets the lower kind: a false
alarm is worse than a loop that only the count of operations finds.
"""

import ast
import contextlib
from collections.abc import Iterator, Mapping

from autograder.student.program.definitions import Definitions, Function

OTHER, FEW, ROWS = 0, 1, 2
LONGEST_CHAIN = 12
"""How many levels of calls are followed."""
_WALKING = ("enumerate", "reversed", "list", "tuple", "sorted", "set", "iter", "tqdm", "tqdm_notebook")
PASSING = frozenset((*_WALKING, "array", "asarray", "from_numpy", "tensor", "as_tensor"))
"""Calls that return as many entries as their argument has."""
_PICKING = (
    "topk",
    "nlargest",
    "nsmallest",
    "islice",
    "head",
    "take",
    "index_select",
    "gather",
    "argmax",
    "argmin",
    "max",
)
_SPLITTING = ("min", "item", "stack", "chunk", "split", "tensor_split")
_HOLDING = ("items", "values", "keys", "parameters", "children", "modules")
LIMITING = frozenset((*_PICKING, *_SPLITTING, *_HOLDING))
"""Methods that return few entries, for any object."""
APPLYING = frozenset(("map", "filter", "reduce", "starmap", "accumulate", "vectorize", "apply_along_axis"))


def row_loops(definitions: Definitions, function: Function, kinds: Mapping[str, int]) -> list[str]:
    """The loops over rows in the function, as "line 7 of code cell 12: a for loop", in the order in which they are
    found.

    `kinds` maps its parameters, and any global names, to their kinds.
    """
    analysis = _Analysis(definitions, {name: kind for name, kind in kinds.items() if name not in function.parameters})
    with contextlib.suppress(RecursionError):
        analysis.returned(function, [kinds.get(name, OTHER) for name in function.parameters], {})
    return list(dict.fromkeys(analysis.found))


Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class _Analysis:
    """Follows calls, and knows which functions it is inside of."""

    def __init__(self, definitions: Definitions, names: Mapping[str, int]) -> None:
        self.definitions, self.names = definitions, names
        self.found: list[str] = []
        self.local: dict[str, Function] = {}
        """Functions defined inside others."""
        self._inside: dict[Function, int] = {}
        """The functions that it is inside of, each with the highest kind among its arguments."""

    def returned(self, function: Function, arguments: list[int], named: Mapping[str, int]) -> int:
        """The kind of the value that the function returns for arguments of these kinds."""
        most = max([*arguments, *named.values()], default=OTHER)
        if function in self._inside:
            # A loop over a dict of tensors, and not over rows.
            if most and self._inside[function] == ROWS:
                self.note(function, function.node, "recursion")
            return FEW
        if len(self._inside) >= LONGEST_CHAIN:
            return FEW
        self._inside[function] = most
        body = _Body(self, function, {**self.names, **dict(zip(function.parameters, arguments, strict=False)), **named})
        body.run(function.node.body)
        body.run(function.node.body)  # the start of a loop sees what its end makes
        del self._inside[function]
        return body.result

    def note(self, function: Function, node: ast.AST, what: str) -> None:
        """Notes a place."""
        line = function.line + getattr(node, "lineno", 1) - 1
        self.found.append(f"line {line} of code cell {function.cell}: {what}")


class _Body(ast.NodeVisitor):
    """One function's statements, in order. A visit to an expression returns its kind."""

    def __init__(self, analysis: _Analysis, function: Function, kinds: dict[str, int]) -> None:
        self._analysis, self._function, self._kinds = analysis, function, kinds
        self.result = OTHER

    def run(self, statements: list[ast.stmt]) -> None:
        """Executes the statements with kinds in place of values."""
        for statement in statements:
            self.visit(statement)

    def kind(self, node: ast.AST | None) -> int:
        """The kind of an expression."""
        found = OTHER if node is None else self.visit(node)
        return found if isinstance(found, int) else OTHER

    def generic_visit(self, node: ast.AST) -> int:
        """The highest kind among the parts."""
        return max([self.kind(child) for child in ast.iter_child_nodes(node)], default=OTHER)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._analysis.local[node.name] = self._function.inner(node)

    def visit_Lambda(self, node: ast.Lambda) -> int:
        return OTHER

    def visit_Return(self, node: ast.Return) -> None:
        self.result = max(self.result, self.kind(node.value))

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind(node.target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._set(node.target, max(self.kind(node.target), self.kind(node.value)))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> int:
        self._bind(node.target, node.value)
        return self.kind(node.target)

    def visit_For(self, node: ast.For) -> None:
        leaves_early = any(isinstance(part, ast.Break) for part in ast.walk(node))
        if self._go_through(node.target, node.iter) == ROWS and not leaves_early:
            self._note(node, "a for loop over rows")
        self.run([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        if self.kind(node.test) == ROWS:
            self._note(node, "a while loop over rows")
        self.run([*node.body, *node.orelse])

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> int:
        return self._comprehension(node, node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> int:
        return self._comprehension(node, node.value)

    def visit_Tuple(self, node: ast.Tuple | ast.List | ast.Set | ast.Dict) -> int:
        unpacked = [self.kind(part.value) for part in ast.iter_child_nodes(node) if isinstance(part, ast.Starred)]
        return max([min(self.generic_visit(node), FEW), *unpacked])

    visit_List = visit_Set = visit_Dict = visit_Tuple  # noqa: N815

    def visit_Name(self, node: ast.Name) -> int:
        return self._kinds.get(node.id, OTHER)

    def visit_Attribute(self, node: ast.Attribute) -> int:
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return self._kinds.get(f"self.{node.attr}", OTHER)
        return self.kind(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> int:
        base, index = self.kind(node.value), self.kind(node.slice)
        if base == FEW and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            return ROWS  # batch["image"]
        slices = [part for part in ast.walk(node.slice) if isinstance(part, ast.Slice)]
        limited = any(part.lower or part.upper for part in slices)
        return FEW if base == ROWS and (limited or index == FEW) else base

    def visit_Compare(self, node: ast.Compare) -> int:
        """`is None` and `in` say nothing about rows."""
        if all(isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) for operator in node.ops):
            return OTHER
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> int:
        arguments = [self.kind(argument) for argument in node.args]
        named = {keyword.arg: self.kind(keyword.value) for keyword in node.keywords if keyword.arg}
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = self.kind(node.func.value) if isinstance(node.func, ast.Attribute) else OTHER
        most = max([owner, *arguments, *named.values()])
        if name in APPLYING and ROWS in arguments[1:]:
            self._note(node, f"`{name}` over rows")
            return ROWS
        if name == "zip":
            return min(arguments, default=OTHER)
        if name == "range":
            return ROWS if ROWS in arguments else OTHER
        if name == "len":
            return ROWS if ROWS in arguments else OTHER
        if name in PASSING or name in LIMITING:
            return min(most, FEW) if name in LIMITING else most
        function = self._own(node.func)
        if function is not None:
            return self._analysis.returned(function, arguments, named)
        return FEW if owner == FEW and name not in {"get", "pop"} else min(most * ROWS, ROWS)

    def _own(self, called: ast.expr) -> Function | None:
        """The notebook's function that is called; methods of the same object, too."""
        if isinstance(called, ast.Name):
            return self._analysis.local.get(called.id) or self._analysis.definitions.function(called.id)
        if isinstance(called, ast.Attribute):
            target = called.value
            through_super = isinstance(target, ast.Call) and getattr(target.func, "id", "") == "super"
            if through_super or (isinstance(target, ast.Name) and target.id == "self"):
                return self._analysis.definitions.method(self._function, called.attr, above=through_super)
        return None

    def _comprehension(self, node: Comprehension, value: ast.expr) -> int:
        kinds = [self._go_through(generator.target, generator.iter) for generator in node.generators]
        if ROWS in kinds:
            self._note(node, "a comprehension over rows")
            return ROWS
        return min(self.kind(value), FEW)

    def _go_through(self, target: ast.expr, iterable: ast.expr) -> int:
        """The kind of the iterated value; binds the loop's variables."""
        kind = self.kind(iterable)
        self._set(target, ROWS if kind else OTHER)
        return kind

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        together = isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List)
        if together and len(target.elts) == len(value.elts):  # type: ignore[attr-defined, union-attr]
            for one, other in zip(target.elts, value.elts, strict=True):  # type: ignore[attr-defined, union-attr]
                self._bind(one, other)
        else:
            self._set(target, self.kind(value))

    def _set(self, target: ast.expr, kind: int) -> None:
        for name in _bound(target):
            # The contract's name for the k results, whatever code picked them.
            self._kinds[name] = min(kind, FEW) if name == "matches" else kind

    def _note(self, node: ast.AST, what: str) -> None:
        self._analysis.note(self._function, node, what)


def _bound(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield f"{getattr(node.value, 'id', '')}.{node.attr}"
