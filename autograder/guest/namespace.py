"""The student's top-level names: statements are executed into it one by one, and probes take components out of it."""

import __future__

import contextlib
import importlib.util
import linecache
import re
import reprlib
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import msgspec

from autograder.guest.outcomes import Frame, Raised, encodable

CELL = "code cell "
FUTURE_FLAGS = reduce(
    lambda flags, name: flags | getattr(__future__, name).compiler_flag, __future__.all_feature_names, 0
)
LONGEST_TEXT = 600
MOST_CAUSES = 20


class Source(msgspec.Struct, frozen=True):
    """One statement at top level: its code, its place, and the names that it is executed for."""

    cell: int
    line: int
    source: str
    binds: tuple[str, ...] = ()
    left_out: bool = False
    """Not executed. Its names are bound to a value that cannot be used, so that definitions that only mention them
    work."""


class Unusable(Exception):
    """A value of the notebook's does not have the form that is asked for. The message is a sentence for the student,
    and has only letters, digits and " ,.->_"."""


class NotRunWhileGrading:
    """Stands for the value that a left-out statement would have made. To mention it is harmless, to use it is a
    NameError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _missing(self, *_: Any, **__: Any) -> Any:
        raise NameError(f"name {self._name!r} is not defined")

    __call__ = __iter__ = __len__ = __getitem__ = __bool__ = __enter__ = __next__ = __contains__ = _missing

    def __getattr__(self, attribute: str) -> Any:
        """Python itself asks for special names, not the student."""
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        self._missing()


class Namespace:
    """The globals of the notebook, as a module named `__main__`."""

    class NameMissing(KeyError):
        """The notebook has no such name."""

        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.name = name

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.globals: dict[str, Any] = self.module.__dict__
        self.is_theirs = False
        self.remembered: dict[str, Any] = {}
        """Results of probes about this notebook that later probes use. It must not outlive the notebook."""
        self._causes: dict[str, Raised] = {}
        sys.modules["__main__"] = self.module

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise self.NameMissing(name)
        return self.globals[name]

    def __contains__(self, name: str) -> bool:
        return name in self.globals and not isinstance(self.globals[name], NotRunWhileGrading)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or `default` where it has none."""
        return self.globals[name] if name in self else default

    def put(self, **stand_ins: Any) -> None:
        """Sets globals, and replaces the notebook's values of these names."""
        self.globals.update(stand_ins)

    def provide(self, **stand_ins: Any) -> None:
        """Sets those globals that the notebook does not define."""
        self.globals.update({name: value for name, value in stand_ins.items() if name not in self})

    @contextlib.contextmanager
    def theirs(self) -> Iterator[None]:
        """Use it around everything that a probe does with the notebook's own objects.

        An exception in here is the notebook's even where none of its lines is in the traceback: a call with arguments
        that its function does not take, an output that is not a tensor. Any other exception in a probe is the probe's
        fault.
        """
        self.is_theirs = True
        yield
        self.is_theirs = False

    def cause_of(self, name: str) -> Raised | None:
        """What went wrong in the statement that should have bound `name`."""
        return self._causes.get(name)

    def package_lacking(self, raised: Raised) -> str | None:
        """The package whose absence caused this exception, also by way of a name that an import should have bound."""
        for _ in range(MOST_CAUSES):
            if raised.kind == "ModuleNotFoundError" and (found := re.match(r"No module named '(\w+)", raised.text)):
                return None if _is_installed(found[1]) else found[1]
            name = re.match(r"name '(\w+)' is not defined", raised.text) if raised.kind == "NameError" else None
            cause = self.cause_of(name[1]) if name else None
            if cause is None:
                return None
            raised = cause
        return None

    def execute(self, program: Sequence[Source]) -> list[dict[str, Any]]:
        """Executes all statements; those that fail because a name is missing are tried again after the others.

        So a notebook whose cells were run out of order defines what it defined for the student.
        """
        _show_sources(program)
        pending, failures = list(program), dict[Source, Raised]()
        flags = 0
        while pending:
            failures, later = {}, []
            for statement in pending:
                if statement.left_out:
                    self.provide(**{name: NotRunWhileGrading(name) for name in statement.binds})
                    continue
                try:
                    code = compiled(statement, flags)
                    flags |= code.co_flags
                    exec(code, self.globals)
                except NameError as error:
                    failures[statement] = describe(error)
                    later.append(statement)
                except BaseException as error:
                    self._note(statement, describe(error))
            if len(later) == len(pending):
                break
            pending = later
        for statement, raised in failures.items():
            self._note(statement, raised)
        return [{"name": name, "where": raised.where} for name, raised in self._causes.items()]

    def _note(self, statement: Source, raised: Raised) -> None:
        self._causes.update(dict.fromkeys(statement.binds, raised))


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def compiled(statement: Source, flags: int) -> types.CodeType:
    """The statement's code, with the `from __future__` of the statements before it in `flags`."""
    text = "\n" * (statement.line - 1) + statement.source
    code: types.CodeType = compile(
        text, f"{CELL}{statement.cell}", "exec", flags=flags & FUTURE_FLAGS, dont_inherit=True
    )
    return code


def describe(error: BaseException) -> Raised:
    """The exception in plain data, with the last three levels that lie in the notebook."""
    try:
        text = str(error)
    except BaseException:
        text = "(its message cannot be shown)"
    levels = list(_walk(error.__traceback__))[-3:]
    frames = tuple(
        Frame(
            cell=frame.f_code.co_filename,
            line=line,
            function=frame.f_code.co_name,
            source=linecache.getline(frame.f_code.co_filename, line).strip()[:200],
            shapes=_shapes(frame) if index == len(levels) - 1 else {},
        )
        for index, (frame, line) in enumerate(levels)
    )
    if isinstance(error, SyntaxError) and error.filename and error.filename.startswith(CELL):
        frames = (
            Frame(cell=error.filename, line=error.lineno or 0, function="", source=(error.text or "").strip()[:200]),
        )
    raised = Raised(kind=type(error).__name__, text=text[:LONGEST_TEXT], frames=frames)
    return msgspec.convert(encodable(msgspec.to_builtins(raised)), Raised)


def _walk(traceback: types.TracebackType | None) -> Iterable[tuple[types.FrameType, int]]:
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(CELL):
            yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _shapes(frame: types.FrameType) -> dict[str, str]:
    torch = sys.modules.get("torch")
    if torch is None or frame.f_code.co_name == "<module>":
        return {}
    tensors = {name: value for name, value in frame.f_locals.items() if type(value) is torch.Tensor}
    return {name: reprlib.repr(tuple(value.shape)) for name, value in list(tensors.items())[:8]}


def _show_sources(program: Sequence[Source]) -> None:
    """Lets tracebacks and `inspect.getsource` find the text of the cells."""
    cells: dict[str, list[str]] = {}
    for statement in program:
        lines = cells.setdefault(f"{CELL}{statement.cell}", [])
        added = statement.source.split("\n")
        lines.extend([""] * (statement.line - 1 + len(added) - len(lines)))
        lines[statement.line - 1 : statement.line - 1 + len(added)] = added
    for name, lines in cells.items():
        text = "\n".join(lines) + "\n"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
