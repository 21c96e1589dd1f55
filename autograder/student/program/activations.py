"""Finds the activations of a module in the order in which it applies them, from its text. Nothing is run."""

import ast
from collections.abc import Iterator

from autograder.student.program.definitions import Definitions

NAMES = {
    **dict.fromkeys(("Sigmoid", "sigmoid", "sigmoid_", "LogSigmoid"), "sigmoid"),
    **dict.fromkeys(("ReLU", "relu", "relu_", "ReLU6", "relu6", "Threshold"), "ReLU"),
    **dict.fromkeys(("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_max"), "clamp"),
    **dict.fromkeys(("LeakyReLU", "leaky_relu", "leaky_relu_", "PReLU", "RReLU"), "leaky ReLU"),
    **dict.fromkeys(("Tanh", "tanh", "tanh_", "Hardtanh", "hardtanh"), "tanh"),
    **dict.fromkeys(("GELU", "gelu", "SiLU", "silu", "ELU", "elu", "Softplus", "softplus"), "GELU"),
}
_CONTAINERS = frozenset(("Sequential", "ModuleList", "OrderedDict", "list", "tuple"))


def applied(definitions: Definitions, owner: str) -> list[str]:
    """The activations of `forward`, first to last; [] where the order depends on loops or conditions."""
    forward, make = definitions.of_class(owner, "forward"), definitions.of_class(owner, "__init__")
    if forward is None or any(isinstance(node, ast.For | ast.While | ast.If) for node in ast.walk(forward.node)):
        return []
    layers: dict[str, list[str]] = {}
    for node in ast.walk(make.node) if make is not None else ():
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    layers[target.attr] = list(_made(node.value))
    return list(_in_order(forward.node, layers))


def _made(node: ast.AST) -> Iterator[str]:
    """The activations among the layers that an expression makes."""
    if isinstance(node, ast.Call):
        name = _last(node.func)
        if name in NAMES:
            yield NAMES[name]
        elif name in _CONTAINERS:
            for argument in node.args:
                yield from _made(argument)
    elif isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _made(element)
    elif isinstance(node, ast.Starred):
        yield from _made(node.value)


def _in_order(node: ast.AST, layers: dict[str, list[str]]) -> Iterator[str]:
    """The calls in the order in which Python evaluates them: the object of a method, then the arguments, then the call
    itself."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and _last(node.func.func) in NAMES:
        # `nn.Sigmoid()(x)`: it is made before its argument is computed, and applied after.
        for argument in node.args:
            yield from _in_order(argument, layers)
        yield NAMES[_last(node.func.func)]
        return
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child, layers)
    if isinstance(node, ast.Call):
        name = _last(node.func)
        of_self = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "self"
        if of_self:
            yield from layers.get(name, [])
        elif name in NAMES:
            yield NAMES[name]


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
