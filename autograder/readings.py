"""Questions that are answered by reading the notebook instead of running it."""

import ast
import re
from collections.abc import Iterator

import msgspec

from autograder.notebook import Notebook
from autograder.program import Outline, Statement
from autograder.sandbox.outcomes import Reply


class Unclear(msgspec.Struct, frozen=True):
    """Reading could not tell. The student gets the benefit of the doubt, and a note."""

    reason: str


FUNCTION = "train_classifier"
METHODS = 3
SUPERVISED_POSITION = 4
LABEL = re.compile(r"\bmethod[ _-]{0,3}(iii|ii|i|[123])\b", re.IGNORECASE)
NUMBERS = {"i": 1, "ii": 2, "iii": 3, "1": 1, "2": 2, "3": 3}


class Call(msgspec.Struct, frozen=True):
    """One call of the function at top level."""

    supervised: object
    encoder: str
    label: int
    """The method that the text above speaks of, 0 where it speaks of none."""


def methods(notebook: Notebook, outline: Outline) -> Reply | Unclear:
    """How `train_classifier` is called for Methods I, II and III, leaving out CLIP's probe.

    The calls are told apart by the method that the text above them names, else by their order. Facts: `supervised`,
    the three values; `own_encoder`, whether Method III's encoder is another than those trained before it.
    """
    constants: dict[str, object] = {}
    calls: list[Call] = []
    rebound: dict[str, int] = {}
    used_otherwise = False
    for statement in outline.statements:
        try:
            tree = ast.parse(statement.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        in_loop = isinstance(tree.body[0], ast.For | ast.While) if tree.body else False
        found = list(_calls(tree))
        used_otherwise = used_otherwise or (FUNCTION in statement.needs and not found)
        for call in found:
            text = ast.unparse(call)
            if "2048" in text or "image_e" in text:
                continue
            supervised = _supervised(call, constants)
            if supervised is None or in_loop:
                return Unclear("the three methods are set up by code that reading cannot follow.")
            calls.append(Call(supervised, _encoder(call), _label(notebook, statement)))
        for name in statement.binds:
            rebound[name] = len(calls)
            constants.pop(name, None)
        constants |= _constants(tree)
    if len(calls) > METHODS or (len(calls) < METHODS and used_otherwise):
        return Unclear(f"`{FUNCTION}` is called {len(calls)} times outside of functions, not once for each method.")
    own_encoder = _own_encoder([call.encoder for call in calls], rebound)
    if {call.label for call in calls} == set(NUMBERS.values()):
        calls.sort(key=lambda call: call.label)
    return Reply(facts={"supervised": [call.supervised for call in calls], "own_encoder": own_encoder}, arrays={})


def _label(notebook: Notebook, statement: Statement) -> int:
    """The last method that is named above the end of the statement, in its own cell or in those before it."""
    above: list[str] = []
    for cell in notebook.cells:
        if cell.kind == "code" and cell.number == statement.cell:
            above.append("\n".join(cell.source.split("\n")[: statement.line + statement.source.count("\n")]))
            break
        above.append(cell.source)
    for text in reversed(above):
        if found := LABEL.findall(text):
            return NUMBERS[found[-1].lower()]
    return 0


def _own_encoder(encoders: list[str], rebound: dict[str, int]) -> bool:
    """False where the third call gets a variable that an earlier call got and that was not assigned in between."""
    if len(encoders) < METHODS:
        return False
    *earlier, last = encoders[:METHODS]
    if last not in earlier or "(" in last:
        return True
    made = rebound.get(last.partition(".")[0], 0)
    used = max(index for index, encoder in enumerate(earlier) if encoder == last)
    return made > used


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls of the function that happen when the statement runs, in the order of the text."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    if isinstance(tree, ast.Call):
        target = tree.func
        if (isinstance(target, ast.Name) and target.id == FUNCTION) or (
            isinstance(target, ast.Attribute) and target.attr == FUNCTION
        ):
            yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _calls(child)


def _encoder(call: ast.Call) -> str:
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "encoder")]
    return ast.unparse(given[0]) if given else ""


def _supervised(call: ast.Call, constants: dict[str, object]) -> object:
    """The argument's value, "..." where it is not filled in, None where it cannot be told."""
    if any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(each, ast.Starred) for each in call.args
    ):
        return None
    given: ast.expr = ast.Constant(value=False)
    if len(call.args) > SUPERVISED_POSITION:
        given = call.args[SUPERVISED_POSITION]
    for keyword in call.keywords:
        if keyword.arg == "supervised":
            given = keyword.value
    if isinstance(given, ast.Name):
        return constants.get(given.id)
    if not isinstance(given, ast.Constant):
        return None
    return "..." if given.value is ... or given.value is None else bool(given.value)


def _constants(tree: ast.Module) -> dict[str, object]:
    statement = tree.body[0] if tree.body else None
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
        return {}
    value = bool(statement.value.value)
    return {target.id: value for target in statement.targets if isinstance(target, ast.Name)}
