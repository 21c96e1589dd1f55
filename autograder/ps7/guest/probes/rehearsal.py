"""Runs the notebook from top to bottom with placeholders for everything that is slow or missing, to find which calls of
`train_classifier` it makes, in which order, and with which arguments."""

import contextlib
import dis
import inspect
import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from autograder.guest.interrupting import time_limit
from autograder.guest.modules import Blank
from autograder.guest.namespace import CELL, Namespace, Source, compiled, describe
from autograder.ps7.guest.probes.frame import GLOBALS
from autograder.ps7.guest.probes.isolation import isolate
from autograder.ps7.guest.probes.provenance import Provenance
from autograder.ps7.guest.probes.rehearsal_stand_ins import ALWAYS, WHERE_BROKEN, AutoencoderPart, ImagePart

STATEMENT_SECONDS = 3.0
ALL_SECONDS = 20.0
MOST_CALLS = 60
LONGEST_LABEL = 80


class Undefined(Blank):
    """Stands for a name that the notebook does not define, for example because a cell was deleted."""

    def __init__(self, name: str) -> None:
        self.stand_in_name = name


class Trained(tuple[Any, Any]):
    """A pair (model, losses) that can also be used as the model, because some functions return only that."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self[0], name)


def _train_ae(model: Any, dataloader: Any = None, epochs: Any = 200) -> None: ...
def _train_classifier(
    encoder: Any, cls: Any, dataloader: Any = None, epochs: Any = 100, supervised: Any = False
) -> None: ...
def _test(encoder: Any = None, cls: Any = None, dataloader: Any = None) -> None: ...


class Recorder:
    """Replaces one of the given functions: it binds the arguments as the notebook's own function would."""

    def __init__(self, frame: Callable[..., None], note: Callable[..., Any]) -> None:
        self.own: Any = None
        self._frame, self._note = frame, note

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        wanted = [name for name in inspect.signature(self._frame).parameters if name not in {"dataloader", "epochs"}]
        signature = inspect.signature(self._frame)
        with contextlib.suppress(TypeError, ValueError):
            own = inspect.signature(self.own)
            signature = own if set(wanted) <= set(own.parameters) else signature
        bound = signature.bind(*arguments, **keywords)
        bound.apply_defaults()
        return self._note(*(bound.arguments[name] for name in wanted))


class Rehearsal(Namespace):
    """Executes everything in the order of the document; names that a failing statement should have made become
    blank."""

    def __init__(self) -> None:
        super().__init__()
        self.provenance = Provenance()
        self.calls: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self._end = time.monotonic() + ALL_SECONDS
        self._flags = 0
        self._statement = Source(0, 0, "")
        self._stored: set[str] = set()
        self._recorders = {
            "train_ae": Recorder(_train_ae, self._note_autoencoder),
            "train_classifier": Recorder(_train_classifier, self._note_classifier),
            "test": Recorder(_test, lambda *_: 0.5),
        }
        self.provenance.install()
        isolate()
        self.put(
            **GLOBALS, **ALWAYS, **WHERE_BROKEN, **self._recorders, Autoencoder=AutoencoderPart, get_ipython=Blank()
        )

    def execute(self, program: Sequence[Source]) -> list[dict[str, Any]]:
        """Executes all statements. A statement that needs a name that is bound further down is executed after that,
        together with the statements that have to follow it."""
        later = {name for statement in program for name in statement.binds}
        deferred: list[Source] = []
        bound: set[str] = set()
        used: set[str] = set()
        for statement in program:
            loads, stores = self._names(statement)
            if loads & bound or stores & used or not self._run(statement, later):
                deferred.append(statement)
                bound |= stores
                used |= {name for name in loads if name in self.globals} | stores
        for statement in deferred:
            self._run(statement, set())
        return []

    def _names(self, statement: Source) -> tuple[set[str], set[str]]:
        """The names that it needs when it runs, and the names that it binds."""
        try:
            code = compiled(statement, self._flags)
        except BaseException:
            return set(), set(statement.binds)
        return _named(code, "LOAD_NAME", "LOAD_GLOBAL"), {*statement.binds, *_stores(code)}

    def _run(self, statement: Source, later: set[str]) -> bool:
        """Whether the statement has been executed; it has not where it needs a name of `later`."""
        try:
            code = compiled(statement, self._flags)
        except BaseException as error:
            self._fail(statement, set(statement.binds), error)
            return True
        self._flags |= code.co_flags
        self._statement, self._stored = statement, _stores(code)
        names = {*statement.binds, *self._stored}
        if statement.left_out:
            self._blank(names - {*ALWAYS, *WHERE_BROKEN})
            return True
        calls = len(self.calls)
        while True:
            try:
                with time_limit(min(STATEMENT_SECONDS, max(self._end - time.monotonic(), 0.1))):
                    exec(code, self.globals)
                break
            except BaseException as error:
                wanted = error.name if isinstance(error, NameError) else None
                if wanted is None or wanted in self.globals or isinstance(error, UnboundLocalError):
                    self._fail(statement, names, error)
                    break
                del self.calls[calls:]
                if wanted in later:
                    return False
                self.globals[wanted] = Undefined(wanted)
        self._put_stand_ins()
        return True

    def _fail(self, statement: Source, names: set[str], error: BaseException) -> None:
        raised = describe(error)
        self.failures.append({"cell": statement.cell, "line": statement.line, "kind": raised.kind, "text": raised.text})
        self._blank(names)

    def _blank(self, names: set[str]) -> None:
        self.put(**{name: Blank() for name in names if name != "*"})

    def _put_stand_ins(self) -> None:
        """Sets the stand-ins over what the statement has defined under these names."""
        for name, recorder in self._recorders.items():
            if (own := self.globals.get(name)) is not recorder:
                recorder.own = own
                self.globals[name] = recorder
        self.put(**ALWAYS)
        for name, part in WHERE_BROKEN.items():
            if name in self._stored and not _can_be_made(self.globals.get(name)):
                self.globals[name] = part

    def _note_autoencoder(self, model: Any) -> Any:
        self.provenance.happen("train_ae", model)
        return Trained((model, [0.5, 0.25]))

    def _note_classifier(self, encoder: Any, classifier: Any, supervised: Any) -> Any:
        flag = _flag(supervised)
        call = {
            "cell": self._statement.cell,
            "line": self._statement.line,
            "supervised": flag,
            "encoder": self.provenance.of(encoder),
            "classifier": self.provenance.of(classifier),
            "clip": _is_clip(encoder, classifier),
            "texts": _texts(sys._getframe(2), self._stored),
        }
        taught = (classifier, encoder) if flag is True else (classifier,)
        call["event"] = self.provenance.happen("classifier", *reversed(taught))
        if len(self.calls) < MOST_CALLS:
            self.calls.append(call)
        return Trained((classifier, [0.5, 0.25]))


NAMESPACE = Rehearsal


def calls(notebook: Rehearsal) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts: `calls` of `train_classifier` with the number of the `events` that encoder and classifier had last been
    through, and the `failures` of statements."""
    return {
        "calls": notebook.calls,
        "events": notebook.provenance.events,
        "failures": notebook.failures[:MOST_CALLS],
    }, {}


def _flag(supervised: Any) -> bool | str:
    """The flag's truth value; "..." where it is not filled in, or where it is a name that is defined nowhere (`true`);
    else "unknown"."""
    if isinstance(supervised, Undefined):
        return supervised.stand_in_name[:LONGEST_LABEL]
    if isinstance(supervised, Blank):
        return "unknown"
    return "..." if supervised is None or supervised is ... else bool(supervised)


def _stores(code: CodeType) -> set[str]:
    """Top-level names that running the code assigns."""
    return _named(code, "STORE_NAME", "STORE_GLOBAL")


def _named(code: CodeType, *operations: str) -> set[str]:
    # `dis` writes out every constant, which fails for numbers of more than 4,300 digits
    code = code.replace(co_consts=(None,) * len(code.co_consts))
    return {str(each.argval) for each in dis.get_instructions(code) if each.opname in operations}


def _can_be_made(component: Any) -> bool:
    """Whether it makes modules with parameters of their own. Tries only what its constructor does."""
    try:
        with time_limit(STATEMENT_SECONDS):
            made, other = component(), component()
        parameters = list(made.parameters()) if isinstance(made, nn.Module) else []
        shared = {id(parameter) for parameter in parameters} & {id(parameter) for parameter in other.parameters()}
    except BaseException:
        return False
    return bool(parameters) and not shared and not any(is_lazy(parameter) for parameter in parameters)


def _is_clip(encoder: Any, classifier: Any) -> bool:
    """Whether this is the linear probe on CLIP's image encoder, recognised by the encoder or by the width of its
    features."""
    if isinstance(encoder, nn.Module) and any(isinstance(module, ImagePart) for module in encoder.modules()):
        return True
    matrices = [each for each in classifier.parameters() if each.ndim == 2] if isinstance(classifier, nn.Module) else []
    return bool(matrices) and int(matrices[0].shape[1]) not in {0, GLOBALS["feat_dim"]}


def _texts(frame: FrameType | None, stored: set[str]) -> list[list[str]]:
    """Short texts that may say which method a call is for: the names of the notebook's variables that are used, and
    their contents."""
    direct: list[str] = []
    inside: list[str] = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(CELL):
            at_top = frame.f_code.co_name == "<module>"
            for name, value in list(frame.f_locals.items()):
                if at_top and name not in stored:
                    continue
                if isinstance(value, type | nn.Module | Blank):
                    continue
                held = (value if isinstance(value, dict) else getattr(value, "__dict__", {})).values()
                direct += [value] if isinstance(value, str) else []
                inside += [each for each in list(held)[:20] if isinstance(each, str)]
        frame = frame.f_back
    return [[text[:LONGEST_LABEL] for text in texts[:20]] for texts in (direct, inside)]
