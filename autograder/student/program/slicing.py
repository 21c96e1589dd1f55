"""The backward slice: the statements that the wanted names depend on."""

from collections import defaultdict
from collections.abc import Sequence

from autograder.student.program.model import Outline, Program


def program_for(outline: Outline, wanted: Sequence[str]) -> Program:
    """The statements that bind the wanted names and, in turn, the names that these need, in document order.

    The notebook counts as it was when the first wanted name was last mentioned: `batch_size` may be 128 in one problem
    and 32 in the next. A later statement counts only for a name that no earlier statement makes.
    """
    statements = outline.statements
    horizon = _horizon(outline, wanted)
    binders: defaultdict[str, list[int]] = defaultdict(list)
    always: set[int] = set()
    for index, statement in enumerate(statements):
        for name in statement.binds:
            binders[name].append(index)
        if "*" in statement.binds or statement.source.startswith("from __future__"):
            always.add(index)
    chosen = {index for index in always if statements[index].acts is None}
    left_out: set[int] = set()
    pending = [*wanted, *(name for index in chosen for name in statements[index].needs)]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        may_run = [index for index in binders[name] if statements[index].acts is None]
        before = [index for index in may_run if index <= horizon]
        left_out.update(i for i in binders[name] if i <= horizon and statements[i].acts is not None)
        for index in before or may_run:
            if index not in chosen:
                chosen.add(index)
                pending.extend(statements[index].needs)
    return Program(
        tuple(statements[index] for index in sorted(chosen)),
        tuple(statements[index] for index in sorted(left_out)),
    )


def _horizon(outline: Outline, wanted: Sequence[str]) -> int:
    """Index of the last statement that mentions a wanted name: the first of these names that is mentioned at all."""
    for name in wanted:
        for index in range(len(outline.statements) - 1, -1, -1):
            statement = outline.statements[index]
            if name in statement.binds or name in statement.needs:
                return index
    return len(outline.statements) - 1
