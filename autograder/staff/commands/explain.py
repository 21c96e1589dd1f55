"""Shows the grounds of the verdicts on one item."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.table import Table
from rich.text import Text

from autograder.staff.commands.explanation import CaseShown, Explanation, explain
from autograder.student.assignment import Assignment
from autograder.student.grading.examination import Clock, Limits
from autograder.student.grading.reading import read_submission
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.output.results import Results
from autograder.student.output.screen import Screen
from autograder.student.program import program_for
from autograder.student.program.model import Statement
from autograder.student.sandbox.host import Confinement
from autograder.student.sandbox.starting import start


def explain_item(
    assignment: Assignment, submission: Path, item: Item, rubric: Rubric, confinement: Confinement
) -> tuple[list[Explanation], tuple[Statement, ...]]:
    """The checks, and the code that they are about. Raises UnreadableSubmission, SandboxError and BankError."""
    bank = assignment.bank()
    with start(rubric.environment, confinement) as sandbox:
        read = read_submission(submission)
        code = program_for(read.outline, item.needs).statements if item.probes else ()
        return list(explain(read, item, rubric, bank, sandbox, Clock(Limits()))), code


def changes(given: Results, explained: Sequence[Explanation]) -> list[str]:
    """Sentences on where results that were given earlier have other points than now."""
    before = {(test.extra_data.get("item"), test.extra_data.get("check")): test for test in given.tests}
    found = []
    for each in explained:
        test = before.get((each.verdict.item, each.verdict.check))
        points = f"{each.verdict.number} {each.verdict.title}: {each.verdict.score:g} points now"
        if test is None:
            found.append(f"{points}; those results do not have this check")
        elif abs(test.score - each.verdict.score) > 1e-9:
            found.append(f"{points}, {test.score:g} in those results")
    return found


def print_explanation(explained: Sequence[Explanation], console: Screen) -> None:
    """Check by check, case by case."""
    for each in explained:
        verdict = each.verdict
        style = "bold green" if verdict.passed else "bold red"
        heading = (f"{verdict.number}  {verdict.title}", style)
        console.print(Text.assemble(heading, f"   {verdict.score:g} of {verdict.max_score:g}"))
        if verdict.misconception:
            console.print(Text(f"  named: {verdict.misconception}"), soft_wrap=True)
        if verdict.message:
            console.print(Text(verdict.message, style="dim"))
        for answer in each.answers:
            _print_answer(answer, console)
        console.print(Text())


def _print_answer(answer: CaseShown, console: Screen) -> None:
    arguments = ", ".join(f"{name}={value!r}" for name, value in answer.arguments.items())
    console.print(Text(f"  {answer.bank} case {answer.case}: {answer.probe}({arguments})"))
    if answer.outcome != "reply":
        console.print(Text(f"    {answer.outcome}", style="red"))
    if answer.like:
        console.print(Text(f"    replies like {', '.join(answer.like)}", style="yellow"))
    if answer.fields:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("", "field", "expected", "got", "differ"):
            table.add_column(name, overflow="fold")
        for field in sorted(answer.fields, key=lambda field: field.same):
            mark = (
                Text("=", style="green") if field.same else Text("≠" if "utf" in console.encoding else "!", style="red")
            )
            table.add_row(mark, Text(field.name), Text(field.expected), Text(field.got), Text(field.difference))
        console.print(table)


def as_json(explained: Sequence[Explanation], changed: Sequence[str]) -> str:
    """For scripts."""
    return msgspec.json.format(msgspec.json.encode({"checks": explained, "changes": changed}), indent=2).decode()
