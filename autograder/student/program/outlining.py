"""Makes the outline of a notebook: every top-level statement with the names that it binds and needs, and what it
does."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping

import msgspec

from autograder.student.program import effects
from autograder.student.program.acts import Acts
from autograder.student.program.magics import written_module
from autograder.student.program.missing import short
from autograder.student.program.model import BrokenCell, Mention, Outline, Statement
from autograder.student.program.modules import flattened, runs_alone
from autograder.student.program.names import Names, names_of
from autograder.student.program.settings import set_through_globals, setters
from autograder.student.program.syntax import Piece, names_defined, read_cell
from autograder.student.submission.notebook import Notebook

MAX_STATEMENTS = 5_000
"""Far more than an honest notebook has; it limits the time that a hostile notebook takes."""

_COMMENTED = re.compile(r"[ \t]*#[# \t]*(?:(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*=(?!=))")
_WRITTEN_OUT = re.compile(
    r"[ \t>]*+(?:async[ \t]++)?(?:def|class)[ \t]++(\w++)[ \t]*+(?:\([^)]*+\))?[^:]*+:[ \t]*+(?:#.*)?\Z"
)
_DEFINES = re.compile(r"[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")


class _Found(msgspec.Struct, frozen=True):
    """A statement with its syntax tree, before it is known what the statement does."""

    cell: int
    line: int
    source: str
    node: ast.stmt
    names: Names
    offset: int
    """How many lines of the cell come before the piece that was parsed: `offset + node.lineno` is the line in the
    cell."""


def outline(notebook: Notebook) -> Outline:
    """All statements of the notebook's code cells. Executes nothing and never raises."""
    found: list[_Found] = []
    broken: list[BrokenCell] = []
    mentions: list[Mention] = []
    modules: dict[int, str] = {}
    last_code = 0
    for cell in notebook.cells:
        if cell.kind != "code":
            mentions.extend(_in_text(last_code, cell.source))
            continue
        last_code = cell.number
        if len(found) > MAX_STATEMENTS:
            broken.append(BrokenCell(cell.number, 1, f"more than {MAX_STATEMENTS:,} statements before it", frozenset()))
            continue
        source = _clean(cell.source)
        if (module := written_module(source)) is not None:
            modules[cell.number] = module
        for piece in read_cell(source):
            if piece.error is not None:
                broken.append(BrokenCell(cell.number, piece.error_line, piece.error, names_defined(piece.lines)))
            for result in _statements(cell.number, piece):
                if isinstance(result, _Found):
                    found.append(result)
                else:
                    broken.append(result)
        mentions.extend(_commented_out(cell.number, source))
    for statement in found:
        mentions.extend(_hidden(statement))
    found = list(_as_one(found, modules))
    newer = "{}.{}".format(*notebook.python) if notebook.python > sys.version_info[:2] else ""
    return Outline(tuple(_told_apart(found, broken)), tuple(broken), tuple(mentions), newer)


def _clean(source: str) -> str:
    """The text with line ends as Python counts them, and without characters that cannot be encoded."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return source.encode("utf-8", "replace").decode()


def _statements(cell: int, piece: Piece) -> Iterator[_Found | BrokenCell]:
    encoded = [line.encode() for line in piece.lines]
    for node in piece.statements[:MAX_STATEMENTS]:
        first, start = node.lineno - 1, node.col_offset
        decorators = getattr(node, "decorator_list", [])
        if decorators:
            first, start = decorators[0].lineno - 1, 0
            while first and not encoded[first].lstrip().startswith(b"@"):
                first -= 1
        last, stop = (node.end_lineno or node.lineno) - 1, node.end_col_offset
        lines = encoded[first : last + 1]
        lines[-1] = lines[-1][:stop]
        lines[0] = lines[0][start:]
        line = piece.offset + first + 1
        try:
            yield _Found(cell, line, b"\n".join(lines).decode(), node, names_of(node), piece.offset)
        except RecursionError:
            text = [part.decode() for part in lines]
            yield BrokenCell(cell, line, "the code is nested too deeply", names_defined(text))


def _as_one(found: list[_Found], modules: Mapping[int, str]) -> Iterator[_Found]:
    """The cells that are written to files, as cells of the notebook itself."""
    written: dict[str, frozenset[str]] = {}
    for statement in found:
        if (module := modules.get(statement.cell)) is not None:
            written[module] = written.get(module, frozenset()) | statement.names.binds
    for statement in found:
        if statement.cell in modules and runs_alone(statement.node):
            continue
        text = flattened(statement.node, written) if written else None
        if text is None:
            yield statement
        else:
            node = ast.parse(text).body[0]
            yield _Found(statement.cell, statement.line, text, node, names_of(node), statement.line - 1)


def _told_apart(found: list[_Found], broken: list[BrokenCell]) -> Iterator[Statement]:
    """Statements with the names that they change and the reason why they act, which depends on the statements before
    them."""
    nodes = [statement.node for statement in found]
    acts, setting = Acts(nodes), setters(nodes)
    assigned: set[str] = set()
    made: set[str] = set()
    unmade = {name for part in broken for name in part.names}
    """Names that only code that is not run binds: statements that read them cannot run either."""
    for statement in found:
        names = statement.names
        changes = names.changes | (names.calls_on & assigned) | set_through_globals(statement.node, setting)
        reason = acts.reason(statement.node) or _idle_call(statement.node, changes)
        if reason is None and not isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            missing = sorted((names.now & unmade) - made)
            reason = f"it needs `{short(missing[0])}`, which is not made while grading" if missing else None
        if reason is None:
            made |= names.binds
        else:
            unmade |= names.binds
        assigned |= names.binds - names.imports
        yield Statement(
            cell=statement.cell,
            line=statement.line,
            source=statement.source,
            binds=names.binds | changes,
            needs=names.now | names.later,
            acts=reason,
        )


def _idle_call(node: ast.stmt, changes: frozenset[str]) -> str | None:
    """A call alone on a line is there for its effect, unless it changes an object of the notebook."""
    return effects.CALLS if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not changes else None


def _commented_out(cell: int, source: str) -> Iterator[Mention]:
    for index, line in enumerate(source.split("\n")):
        if match := _COMMENTED.match(line):
            yield Mention(match.group(1) or match.group(2), cell, index + 1, "commented out")


def _in_text(cell: int, source: str) -> Iterator[Mention]:
    """Definitions that stand in a text cell that comes after this code cell."""
    where = f"after code cell {cell}" if cell else "above all code cells"
    for index, line in enumerate(source.split("\n")):
        if match := _WRITTEN_OUT.match(line):
            how = f"it stands in a text cell ({where}), which is not run. Make it a code cell"
            yield Mention(match.group(1), cell, index + 1, how, in_text=True)


def _hidden(statement: _Found) -> Iterator[Mention]:
    """Definitions inside a bare string, or inside another definition."""
    node = statement.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        for index, text in enumerate(statement.source.split("\n")):
            if match := _DEFINES.match(text):
                how = "inside a string, which comments it out"
                yield Mention(match.group(1), statement.cell, statement.line + index, how)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for inner in ast.walk(node):
            if inner is not node and isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                how = f"inside `{short(node.name)}`: move it out to the left margin"
                yield Mention(inner.name, statement.cell, statement.offset + inner.lineno, how)
