"""Methods I, II and III: which recorded call of `train_classifier` belongs to which method, and how it was set up.

The calls come from a rehearsal of the whole notebook in a guest. Literal values in the text are the second witness:
where a call's flag can be read, the rehearsal must have recorded the same. What a rehearsal leaves open earns nothing,
because a notebook can make it leave things open; the student is told what to write instead.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from autograder.guest.outcomes import Ended, Fault, Outcome, Raised, Reply, lacking
from autograder.student.program import Outline, Statement, Submission
from autograder.student.submission.notebook import Notebook

FUNCTION = "train_classifier"
PACKAGE = re.compile(r"No module named '(\w+)")
LABEL = re.compile(r"(?:(?<![a-zé])m[eé]th?od[eo]?|方法)[ _:#-]{0,3}(iii|ii|i|[123])(?![0-9a-z])", re.IGNORECASE)
NUMERAL = re.compile(r"\W*(iii|ii|i|[123])\W*", re.IGNORECASE)
NUMERALS = {"i": 1, "ii": 2, "iii": 3, "1": 1, "2": 2, "3": 3}
ROMAN = {1: "I", 2: "II", 3: "III"}
MISSING, UNKNOWN, BLANK = "missing", "unknown", "..."
NEW, PRETRAINED = "new", "pretrained"
RIGHT = {1: (False, PRETRAINED), 2: (True, NEW), 3: (False, NEW)}


class Call(msgspec.Struct, frozen=True):
    """One call as the guest has recorded it; `event`, `encoder` and `classifier` are numbers of events in the log."""

    cell: int
    line: int
    """The place of the top-level statement that led to it."""
    supervised: bool | str
    encoder: int
    classifier: int
    clip: bool
    texts: list[list[str]]
    """Texts that may say which method it is for: names of variables, then their contents."""
    event: int


class Event(msgspec.Struct, frozen=True):
    """An event that changed what a module knows; `before` is the module's last event before it."""

    kind: str
    before: int


class Failure(msgspec.Struct, frozen=True):
    """A statement that failed in the rehearsal."""

    cell: int
    line: int
    kind: str
    text: str


class Log(msgspec.Struct, frozen=True):
    """Everything that a rehearsal recorded."""

    calls: list[Call]
    events: list[Event]
    failures: list[Failure]


NOT_FILLED_IN = (
    "Nothing is filled in for supervised in Method {}. Write True where the encoder learns together with the "
    "classifier, and False elsewhere."
)
REPEATED = "Method {} is trained {} times, and the last time is not as described. Keep only the call that is."
FAILED = (
    "A method is trained in code cell {}, line {}. When the notebook runs from top to bottom, that line fails with {}."
)
NOT_FOLLOWED = (
    "The grader cannot follow what Method {} is given. Pass the encoder itself, and True or False for supervised."
)
Setup = tuple[bool | str, str]
"""The flag, and where the encoder comes from."""


def methods(outcome: Outcome, submission: Submission) -> Outcome:
    """The set-ups of the three methods, from the outcome of `autograder.ps7.guest.probes.rehearsal.calls`.

    Facts: `supervised`, the three flags ("..." where not filled in); `encoders`, where each encoder comes from
    ("pretrained", "new", "trained by Method II"); `classifiers`, the same for the classifiers. A method without a call
    has "missing" in all three.
    """
    if not isinstance(outcome, Reply):
        return outcome
    try:
        log = msgspec.convert(outcome.facts, Log)
        return _facts(log, submission.notebook, submission.outline)
    except (msgspec.ValidationError, LookupError, RecursionError):
        return Ended(reason="the code interfered with the record of its own calls")


def _facts(log: Log, notebook: Notebook, outline: Outline) -> Outcome:
    calls = [call for call in log.calls if not call.clip]
    contradicted = _contradicted(calls, outline)
    if contradicted:
        return Ended(reason=f"the calls that were recorded are not those of {contradicted}")
    groups = _assigned(calls, notebook, outline, log.events)
    owner = {call.event: method for method, group in groups.items() for call in group}
    chosen = {method: group[-1] for method, group in groups.items()}
    said = ""
    for method, group in groups.items():
        right = [call for call in group if _setup(call, method, owner, log.events) == RIGHT[method]]
        if right and right[-1] is not group[-1]:
            chosen[method] = right[-1]
            said = REPEATED.format(ROMAN[method], len(group))
    setups = {method: _setup(call, method, owner, log.events) for method, call in chosen.items()}
    facts: dict[str, list[bool | str]] = {
        "supervised": [setups[method][0] if method in setups else MISSING for method in RIGHT],
        "encoders": [setups[method][1] if method in setups else MISSING for method in RIGHT],
        "classifiers": [
            _origin(chosen[method].classifier, method, owner, log.events) if method in chosen else MISSING
            for method in RIGHT
        ],
    }
    return _undecided(facts, log.failures, outline, said) or Reply(facts=facts, arrays={})


def _undecided(
    facts: dict[str, list[bool | str]], failures: list[Failure], outline: Outline, said: str
) -> Outcome | None:
    """What to write so that the facts decide it, or the package whose absence leaves it open; `said` where the calls
    contradict each other. None where the facts do decide it: right, or wrong in a known way."""
    given = {
        method: (facts["supervised"][method - 1], facts["encoders"][method - 1])
        for method in RIGHT
        if facts["supervised"][method - 1] != MISSING
    }
    if blank := [ROMAN[method] for method, (supervised, _) in given.items() if supervised == BLANK]:
        return Raised("Unusable", NOT_FILLED_IN.format(", ".join(blank)), by_grader=True)
    known_wrong = any(
        part not in (UNKNOWN, expected)
        for method, setup in given.items()
        for part, expected in zip(setup, RIGHT[method], strict=True)
    )
    if known_wrong:
        return None
    unknown = [method for method, setup in given.items() if UNKNOWN in setup]
    leading = _leading(outline)
    failed = [each for each in failures if (each.cell, each.line) in leading]
    if len(given) < len(RIGHT) and failed:
        said = FAILED.format(failed[0].cell, failed[0].line, failed[0].kind)
    elif len(given) == len(RIGHT) and unknown:
        said = NOT_FOLLOWED.format(ROMAN[unknown[0]])
    return _for_want_of_a_package(failures) or Raised("Unusable", said, by_grader=True) if said else None


def _for_want_of_a_package(failures: Iterable[Failure]) -> Fault | None:
    absent = [PACKAGE.match(each.text) for each in failures if each.kind == "ModuleNotFoundError"]
    return next((lacking(found[1]) for found in absent if found), None)


def _assigned(
    calls: Sequence[Call], notebook: Notebook, outline: Outline, events: Sequence[Event]
) -> dict[int, list[Call]]:
    """The calls by method: by their labels where these name all three methods, else by their set-ups and their
    order."""
    statements = {(each.cell, each.line): each for each in outline.statements}
    alone = Counter((call.cell, call.line) for call in calls)
    labels = []
    for call in calls:
        label = _own_label(call.texts)
        if not label and alone[call.cell, call.line] == 1:
            label = _label_above(notebook, statements[call.cell, call.line])
        labels.append(label)
    if set(labels) >= set(RIGHT):
        return {method: [c for c, label in zip(calls, labels, strict=True) if label == method] for method in RIGHT}
    groups: dict[int, list[Call]] = {}
    left = []
    for call in calls:
        setup = _setup(call, 0, {}, events)
        free = [method for method in RIGHT if method not in groups and setup == RIGHT[method]]
        if free:
            groups[free[0]] = [call]
        elif not any(setup == RIGHT[method] for method in groups):
            left.append(call)
    for method in RIGHT:
        if method not in groups and left:
            groups[method] = [left.pop(0)]
    if left and groups:  # more experiments than methods
        groups[max(groups)] = [*groups[max(groups)], *left]
    return dict(sorted(groups.items()))


def _own_label(texts: list[list[str]]) -> int:
    """The only method that the variables around the call name; their names count before their contents."""
    for level in texts:
        found = {NUMERALS[match.group(1).lower()] for text in level if (match := LABEL.search(text))}
        found = found or {NUMERALS[match.group(1).lower()] for text in level if (match := NUMERAL.fullmatch(text))}
        if found:
            return found.pop() if len(found) == 1 else 0
    return 0


def _label_above(notebook: Notebook, statement: Statement) -> int:
    """The last method that is named before the end of the statement, in its own cell or in those above."""
    above: list[str] = []
    for cell in notebook.cells:
        if cell.kind == "code" and cell.number == statement.cell:
            above.append("\n".join(cell.source.split("\n")[: statement.line + statement.source.count("\n")]))
            break
        above.append(cell.source)
    for text in reversed(above):
        if found := LABEL.findall(text):
            return NUMERALS[found[-1].lower()]
    return 0


def _setup(call: Call, method: int, owner: dict[int, int], events: Sequence[Event]) -> Setup:
    return call.supervised, _origin(call.encoder, method, owner, events)


def _origin(event: int, method: int, owner: dict[int, int], events: Sequence[Event]) -> str:
    """Where a module comes from; it does not matter that the same method has trained it before (a cell run twice)."""
    if event < 0:
        return UNKNOWN
    kind = events[event].kind
    if kind != "classifier":
        return NEW if kind == "new" else PRETRAINED
    trainer = owner.get(event, 0)
    if trainer and trainer == method:
        return _origin(events[event].before, method, owner, events)
    return f"trained by Method {ROMAN[trainer]}" if trainer else "trained before"


def _leading(outline: Outline) -> set[tuple[int, int]]:
    """The statements that call the function, or call a function of the notebook that calls it, at any depth."""
    names = {FUNCTION}
    while True:
        leading = [each for each in outline.statements if each.needs & names and FUNCTION not in each.binds]
        reached = names.union(*(each.binds for each in leading if each.source.startswith(("def ", "class ", "@"))))
        if reached == names:
            return {(each.cell, each.line) for each in leading}
        names = reached


def _contradicted(calls: Iterable[Call], outline: Outline) -> str:
    """The statement whose literal flag differs from the recorded one, "" where there is none."""
    recorded: dict[tuple[int, int], list[bool | str]] = {}
    for call in calls:
        recorded.setdefault((call.cell, call.line), []).append(call.supervised)
    for cell, line, flags in _literal_flags(outline):
        if recorded.get((cell, line), flags) != flags:
            return f"code cell {cell}, line {line}"
    return ""


def _literal_flags(outline: Outline) -> Iterator[tuple[int, int, list[bool | str]]]:
    """Cell, line and flags of the plain statements (no loops, no conditions) that write out the flags of their
    calls."""
    for statement in outline.statements:
        if FUNCTION not in statement.needs:
            continue
        try:
            tree = ast.parse(statement.source)
            plain = isinstance(tree.body[0], ast.Assign | ast.Expr)
            flags = [_flag(call) for call in _calls(tree)] if plain else []
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        known = [flag for flag in flags if flag is not None]
        if flags and len(known) == len(flags):
            yield statement.cell, statement.line, known


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls of the function that happen once when the statement runs, in the order of the text."""
    if isinstance(tree, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == FUNCTION:
        yield tree
    for child in ast.iter_child_nodes(tree):
        yield from _calls(child)


def _flag(call: ast.Call) -> bool | str | None:
    """The literal after `supervised=`; "..." where it is not filled in, None where there is no literal."""
    for keyword in call.keywords:
        if keyword.arg == "supervised" and isinstance(keyword.value, ast.Constant):
            value = keyword.value.value
            return "..." if value is ... or value is None else bool(value)
    return None
