"""Grades a few bundled submissions, as users do."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.status import Status
from rich.text import Text

from autograder.student.assignment import Assignment
from autograder.student.commands.grade import Settings, grade_submission
from autograder.student.grading.reproduction import Reproduce
from autograder.student.grading.rubric import Rubric
from autograder.student.output import html, terminal
from autograder.student.output.screen import Screen


def run_demo(
    assignment: Assignment, out: Path, rubric: Rubric, console: Screen, *, whole: Rubric, reproduce: Reproduce | None
) -> None:
    """Grades each sample, prints its report, and leaves results and page in a folder for each. Only the solved notebook
    is graded by the `whole` rubric, with its accuracies reproduced, because that takes a minute or two."""
    written = []
    for name, notebook in samples(assignment, out, rubric):
        folder = out / name
        thorough = reproduce is not None and notebook == assignment.solution
        with console.status(f"grading {name}") as status:
            if reproduce is not None:
                reproduce.say = partial(_say, status, name)
            settings = Settings(
                assignment=assignment,
                rubric=whole if thorough else rubric,
                reproduce=reproduce if thorough else None,
            )
            results = grade_submission(settings, notebook, folder / "results.json")
        page = folder / "report.html"
        page.write_text(html.render(results, title=rubric.title, notebook_name=notebook.name), encoding="utf-8")
        console.rule(name)
        terminal.print_report(results, console, title=rubric.title)
        written.append((results, page))
    console.rule("written")
    for results, page in written:
        console.print(Text(f"{results.score:4g} of {results.max_score:g}  {page}"), soft_wrap=True)


def _say(status: Status, name: str, text: str) -> None:
    status.update(f"grading {name}: {text}")


def samples(assignment: Assignment, out: Path, rubric: Rubric) -> Iterator[tuple[str, Path]]:
    """Name and notebook of each sample: the solved one, the blank one, and some with mistakes."""
    yield "solution", assignment.solution
    yield "template", assignment.blank
    import nbformat

    from autograder.staff.authoring import corpus

    wrong = {case.name: case for case in corpus.cases(assignment.corpus / "wrong", assignment, rubric)}
    for name in assignment.samples:
        path = out / name / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(wrong[name].node(), path)
        yield name, path
