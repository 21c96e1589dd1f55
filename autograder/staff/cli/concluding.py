"""What `batch` shows while it grades, and what it writes and says at the end."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder.student.commands.console import fail, tell
from autograder.student.output.placing import place, place_text
from autograder.student.output.screen import beside, say_json

if TYPE_CHECKING:
    from autograder.staff.classes.gradebook import Filled
    from autograder.staff.classes.roster import Entry
    from autograder.staff.classes.run import Run
    from autograder.staff.intake.handed import Handed
    from autograder.student.assignment import Assignment
    from autograder.student.grading.rubric import Rubric
    from autograder.student.output.results import Results

GRADES, PAGE, CHANGES, ADJUSTMENTS = "grades.csv", "class.html", "changes.csv", "adjustments.toml"
MOST_NAMED = 10
SECONDS = 10.0
"""Seconds between two versions of an unfinished grades.csv."""


class Outputs:
    """The files about the class."""

    def __init__(
        self,
        assignment: Assignment,
        rubric: Rubric,
        out: Path,
        gradebook: tuple[str, Path] | None,
        column: str,
        *,
        anonymous: bool,
        quiet: bool,
    ) -> None:
        """Reads the grade book; ends the command where it cannot be read."""
        self.grades, self.page, self.changes = out / GRADES, out / PAGE, out / CHANGES
        self.quiet = quiet
        self.entries: list[Entry] = []
        self._assignment, self._rubric = assignment, rubric
        self._items = [item.name for item in rubric.items]
        self._gradebook, self._column = gradebook, column
        self._anonymous = anonymous
        self._written = time.monotonic()
        if gradebook is not None:
            self._filled([])  # its mistakes are reported before anything is graded

    def write_table_now_and_then(self, run: Run, handed: Sequence[Handed]) -> None:
        """Writes an unfinished table, so that something is left of a run that is killed. A failing disk does not end
        the run."""
        if time.monotonic() - self._written > SECONDS:
            with contextlib.suppress(OSError):
                self._write_table([run.entry(each) for each in handed])

    def write(self, run: Run, handed: Sequence[Handed]) -> None:
        """Writes all files. Ends the command where they cannot be written."""
        try:
            self.entries = entries = [run.entry(each) for each in handed]
            self._write_table(entries)
            for each in handed:
                run.publish(each)  # with decisions that were made since
            place_text(self.page, self._dashboard())
        except OSError as error:
            fail(f"{error.filename or self.grades} cannot be written: {error.strerror or error}")
        if self._gradebook is not None:
            self._fill_gradebook(entries)

    def _write_table(self, entries: Sequence[Entry]) -> None:
        from autograder.staff.classes.grades import as_csv

        place_text(self.grades, as_csv(entries, self._items), "utf-8-sig")
        self._written = time.monotonic()

    def _dashboard(self) -> str:
        from autograder.staff.classes.dashboard import render

        assignment = self._assignment
        known = assignment.bank().misconceptions
        bands = assignment.part(assignment.bands)() if assignment.bands else ()
        mistakes = {slug: each.shows for slug, each in known.items()}
        return render(self.entries, self._rubric, mistakes, bands, anonymous=self._anonymous)

    def _fill_gradebook(self, entries: Sequence[Entry]) -> None:
        assert self._gradebook is not None
        made = self._filled(entries)
        path = self.grades.with_name(f"gradebook-{self._gradebook[0]}.csv")
        try:
            place(path, made.data)
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror or error}")
        tell(f'{made.students} students have their points in "{made.column}" of {path}', quiet=self.quiet)
        if made.most is not None and abs(made.most - self._rubric.points) > 1e-6:
            tell(
                f"There the column is of {made.most:g} points, the assignment of {self._rubric.points:g}: "
                "the points were written as they are",
                quiet=self.quiet,
            )
        tell_of(made.strangers, f"no row of {self._gradebook[1]}", quiet=self.quiet)

    def _filled(self, entries: Sequence[Entry]) -> Filled:
        from autograder.staff.classes.gradebook import KINDS, GradebookError, filled
        from autograder.staff.intake.people import TableError

        assert self._gradebook is not None
        kind, path = self._gradebook
        if kind not in KINDS:
            fail(f"--gradebook takes canvas, gradescope or moodle and a CSV, not {kind!r}")
        title = self._rubric.title
        titles = [title, title.partition(":")[0], self._assignment.name]
        try:
            return filled(path, KINDS[kind], entries, titles, self._column)
        except (GradebookError, TableError) as error:
            fail(str(error))


def told_of(outputs: Outputs, run: Run, graded: int, failed: int, *, as_json: bool) -> None:
    """Reports the results; first what a person should look at. The page has all of it."""
    from autograder.staff.classes.grades import changes_as_csv

    changes = run.changes()
    if run.regraded:
        try:
            place_text(outputs.changes, changes_as_csv(changes, outputs.entries), "utf-8-sig")
        except OSError as error:
            fail(f"{outputs.changes} cannot be written: {error.strerror or error}")
    doubtful = [entry for entry in outputs.entries if entry.to_review]
    if as_json:
        reviews = {entry.handed.name: entry.reviews for entry in doubtful}
        told = {"graded": graded, "failed": failed, "grades": str(outputs.grades), "page": str(outputs.page)}
        changed = {each.name: [each.before, each.after] for each in changes}
        say_json(json.dumps(told | {"to_review": reviews, "changed": changed}))
        return
    if run.regraded:
        tell(f"{run.regraded} graded again, {len(changes)} with other points: {outputs.changes}")
    for change in changes[:MOST_NAMED]:
        tell(f"  {change.name}: {change.before:g} -> {change.after:g} ({change.why})")
    if doubtful:
        tell(f"To look at: {len(doubtful)}, on top of the class's page")
    for entry in doubtful[:MOST_NAMED]:
        for reason, numbers in entry.reviews.items():
            what = f"{', '.join(numbers)} {reason}".strip()
            tell(f"  {entry.handed.name}: {what}")
    tell(
        f"{graded} graded, the grader failed at {failed}. "
        f"Grades written to {outputs.grades}, the class to {outputs.page}"
    )


def tell_of(names: Sequence[str], whom: str, *, quiet: bool) -> None:
    """Tells of hand-ins that fit no known student."""
    if names:
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        tell(f"{len(names)} fit {whom}: {', '.join(names[:MOST_NAMED])}{more}", quiet=quiet)


class Seen:
    """Shows the progress: a bar on a terminal, else a line for each submission."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._is_bar = sys.stderr.isatty()
        self._total, self._done, self._failed = total, 0, 0
        self._console = beside(quiet=quiet)
        self._bar = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]} a minute, the grader failed at {task.fields[failed]},"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            disable=not self._is_bar,
        )
        self._task = self._bar.add_task("grading", total=total, rate="-", failed=0)

    def __enter__(self) -> Seen:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Shows a failure as soon as it happens."""
        self._console.print(Text(text), soft_wrap=True)

    def add(self, name: str, results: Results, *, failed: bool) -> None:
        """Counts a graded submission, and shows the progress."""
        self._done += 1
        self._failed += failed
        speed = self._bar.tasks[self._task].speed
        rate = f"{60 * speed:.0f}" if speed else "-"
        self._bar.update(self._task, completed=self._done, failed=self._failed, rate=rate)
        if not self._is_bar or failed:
            said = "the grader failed" if failed else f"{results.score:g} points"
            self.say(f"{self._done} of {self._total}  {name}  {said}")
