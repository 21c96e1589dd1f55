"""Small systematic changes of a syntax tree that a tired student could make: the operators of mutation testing
(DeMillo, Lipton and Sayward 1978), chosen for code that trains models."""

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

Path = tuple[tuple[str, int | None], ...]
"""Fields (and indexes in lists) from the root to a node."""
SHOWS = ("print", "visualize_recon", "plt", "axis", "cv2")
"""Statements that call one of these only show something; they are left unchanged."""
RELATED: Mapping[str, tuple[str, ...]] = {
    "mean": ("sum",),
    "ReLU": ("Sigmoid", "Identity"),
    "Sigmoid": ("Tanh", "ReLU", "Identity"),
    "MSELoss": ("L1Loss",),
    "CrossEntropyLoss": ("MultiMarginLoss",),
    "Adam": ("SGD", "AdamW", "RMSprop"),
    "topk": ("sort",),
    "Conv2d": ("ConvTranspose2d",),
    "ConvTranspose2d": ("Conv2d",),
    "cross_entropy": ("mse_loss",),
    "normalize": ("softmax", "layer_norm"),
    "train": ("eval",),
    "T": ("mT",),
    "input_ids": ("attention_mask",),
    "image_encoder": ("text_encoder",),
    "image_projection": ("text_projection",),
    "image_embedding": ("text_embedding",),
}
"""Maps a name to other names of its kind."""
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
}
COMPARISONS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


class Change(msgspec.Struct, frozen=True):
    """One place of a tree, and the code that replaces it."""

    operator: str
    path: Path
    replaced: Any
    """A node, or a list of statements that replaces one statement or a whole body."""


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every change by every operator."""
    for path, node in _walk(tree, ()):
        for name, operator in OPERATORS.items():
            for replaced in operator(node):
                yield Change(name, path, replaced)
        for field in ("body", "orelse"):
            body = getattr(node, field, None)
            if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef):
                for mutated in _of_a_body(body):
                    yield Change("statements exchanged", (*path, (field, None)), mutated)


def applied(tree: ast.Module, change: Change) -> ast.Module:
    """A copy of the tree with the change made."""
    mutated = copy.deepcopy(tree)
    parent: Any = mutated
    for field, place in change.path[:-1]:
        parent = getattr(parent, field) if place is None else getattr(parent, field)[place]
    field, place = change.path[-1]
    new = copy.deepcopy(change.replaced)
    if place is None:
        setattr(parent, field, new)
    elif isinstance(new, list):
        getattr(parent, field)[place : place + 1] = new
    else:
        getattr(parent, field)[place] = new
    return ast.fix_missing_locations(mutated)


def _walk(node: ast.AST, path: Path) -> Iterator[tuple[Path, ast.AST]]:
    if path:
        yield path, node
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator | ast.cmpop):
            yield from _walk(value, (*path, (field, None)))
        elif isinstance(value, list):
            for place, each in enumerate(value):
                if isinstance(each, ast.AST) and not _only_shows(each):
                    yield from _walk(each, (*path, (field, place)))


def _only_shows(node: ast.AST) -> bool:
    """Whether the statement has no effect on what is returned."""
    match node:
        case ast.Expr(value=ast.Call(func=called)) | ast.Assign(value=ast.Call(func=called)):
            return ast.unparse(called).split(".")[0] in SHOWS
        case ast.For() | ast.If():
            return all(map(_only_shows, node.body))
    return False


def _of_a_body(body: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Two neighbours are exchanged."""
    for place in range(len(body) - 1):
        if not any(map(_only_shows, body[place : place + 2])):
            yield [*body[:place], body[place + 1], body[place], *body[place + 2 :]]


def _constants(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield from (ast.Constant(each) for each in (value + 1, value - 1))
        case ast.Constant(value=float(value)):
            yield from (ast.Constant(each) for each in (2 * value, value / 2, 0.0))


def _arguments(node: ast.AST) -> Iterator[ast.AST]:
    """An element is left out, or two are exchanged."""
    if isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            kept = [*node.keywords[:place], *node.keywords[place + 1 :]]
            yield ast.Call(node.func, node.args, kept)
        if len(node.args) > 1:
            yield ast.Call(node.func, node.args[:-1], node.keywords)
        for args in _exchanged(node.args):
            yield ast.Call(node.func, args, node.keywords)
    if isinstance(node, ast.Tuple | ast.List) and not isinstance(node.ctx, ast.Store):
        yield from (type(node)(elements, node.ctx) for elements in _exchanged(node.elts))
        yield from (type(node)([*node.elts[:n], *node.elts[n + 1 :]], node.ctx) for n in range(len(node.elts)))


def _exchanged(elements: list[ast.expr]) -> Iterator[list[ast.expr]]:
    for place in range(len(elements) - 1):
        yield [*elements[:place], elements[place + 1], elements[place], *elements[place + 2 :]]


def _operands(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right, ast.BinOp(node.right, node.op, node.left))
        yield ast.UnaryOp(ast.USub(), node)
        if other := ARITHMETIC.get(type(node.op)):
            yield ast.BinOp(node.left, other(), node.right)
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)
        yield ast.AugAssign(node.target, ast.Sub(), node.value)


def _calls(node: ast.AST) -> Iterator[ast.AST]:
    """A call is left out; its object or its first argument stays."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        if node.args:
            yield node.args[0]
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in ("T", "mT"):
        yield node.value


def _names(node: ast.AST) -> Iterator[ast.AST]:
    pairs = {**{b: (a,) for a, others in RELATED.items() for b in others if b not in RELATED}, **RELATED}
    match node:
        case ast.Attribute(ctx=ast.Load()):
            yield from (ast.Attribute(node.value, other, node.ctx) for other in pairs.get(node.attr, ()))
        case ast.Name(ctx=ast.Load()):
            yield from (ast.Name(other, node.ctx) for other in pairs.get(node.id, ()))
        case ast.Constant(value=str(value)):
            yield from (ast.Constant(other) for other in pairs.get(value, ()))


def _conditions(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators)
        case ast.If():
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
            yield node.body
        case ast.With():
            yield node.body


def _statements(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """A statement is left out; the last statement of a loop is moved outside; or a loop ends after its first turn."""
    if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Pass):
        yield [ast.Pass()]
    if isinstance(node, ast.For):
        if len(node.body) > 1:
            yield [ast.For(node.target, node.iter, node.body[:-1], []), node.body[-1]]
        yield [ast.For(node.target, node.iter, [*node.body, ast.Break()], [])]


Operator = Callable[[ast.AST], Iterator[Any]]
OPERATORS: Mapping[str, Operator] = {
    "constant": _constants,
    "arguments": _arguments,
    "operands": _operands,
    "call left out": _calls,
    "another name": _names,
    "condition": _conditions,
    "statement left out": _statements,
}
