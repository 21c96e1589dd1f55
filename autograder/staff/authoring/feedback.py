"""Everything that feedback can say about a named mistake, and about an exception, as one page to proofread."""

from collections.abc import Iterator

from autograder.student.grading.bank import Bank, slug_of
from autograder.student.grading.hints import known
from autograder.student.grading.rubric import Rubric

HEAD = """# What feedback says

`{command} build feedback` makes this page from the code. If your code replies as a known mistake does, a failing check
begins with the two sentences of that mistake: what it is, and where to look. Then it shows what was expected and what
came.
"""


def page(rubric: Rubric, bank: Bank, command: str) -> str:
    """The page, as markdown."""
    return (
        "\n".join(
            [HEAD.format(command=command), *_mistakes(rubric, bank), *_notes(rubric), *_clues(rubric), *_exceptions()]
        )
        + "\n"
    )


def _mistakes(rubric: Rubric, bank: Bank) -> Iterator[str]:
    for item in rubric.items:
        own = {slug_of(form): each for form, each in bank.misconceptions.items() if each.item == item.name}
        if own:
            yield f"## {item.number} {item.title}\n\n| mistake | what it says | where to look |\n|---|---|---|"
            yield from (f"| `{slug}` | {_cell(each.shows)} | {_cell(each.look)} |" for slug, each in own.items())
            yield ""


def _notes(rubric: Rubric) -> Iterator[str]:
    yield "## Notes that cost nothing\n\n| item | it says |\n|---|---|"
    for item in rubric.items:
        yield from (f"| {item.name} | {_cell(check.note)} |" for check in item.checks if check.note)
    yield ""


def _clues(rubric: Rubric) -> Iterator[str]:
    if rubric.clues:
        yield "## What else is said where no known mistake fits\n\n| of | it says |\n|---|---|"
        yield from (f"| {rubric.fields[field]} | {_cell(sentence)} |" for field, sentence in rubric.clues.items())
        yield ""


def _exceptions() -> Iterator[str]:
    yield "## Exceptions\n\nBelow the exception, its line, and the shapes of the tensors there:\n"
    yield "| its text | what it means |\n|---|---|"
    yield from (f"| `{_cell(each.pattern)}` | {_cell(each.means)} |" for each in known())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
