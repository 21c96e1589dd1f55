"""A run: a folder with a journal, and for each submission its grade and the files made of it."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec

from autograder.staff.classes.finishing import Finishing
from autograder.staff.classes.journal import Adjusted, Ended, Graded, Journal, Rules
from autograder.staff.classes.roster import PAGE, Entry
from autograder.staff.course.adjustments import Adjustment
from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.handed import Handed
from autograder.student.grading.rubric import Rubric
from autograder.student.output import html
from autograder.student.output.placing import place_text
from autograder.student.output.results import GRADER_FAILED, Results, ResultsError, ResultsFile, decode, encode

Regrade = Literal["failed", "changed", "all"]
JOURNAL, GRADED, RESULTS = "journal.jsonl", "graded.json", "results.json"
WORDS = {
    "grader": "another version of the grader",
    "rubric": "another rubric",
    "config": "another configuration",
    "files": "other files",
}


class RunError(Exception):
    """The run cannot begin; the message says what to do."""


class Known(msgspec.Struct, frozen=True):
    """What an earlier run says about a submission."""

    results: Results | None
    """The results; None where none count."""
    failed: bool = False
    others: tuple[str, ...] = ()
    """What has changed since: names of rules, and "files"."""


class Change(msgspec.Struct, frozen=True):
    """What a regrade has changed for one submission."""

    name: str
    before: float
    after: float
    checks: tuple[tuple[str, float, float], ...]
    why: str


class Run:
    """A folder of grades, graded with certain rules."""

    def __init__(
        self, out: Path, submissions: Path, rules: Rules, rubric: Rubric, finishing: Finishing | None = None
    ) -> None:
        """`finishing`: turns the grader's results into those that count. Raises RunError and OSError."""
        _refuse_within(out.resolve(), submissions.resolve())
        out.mkdir(parents=True, exist_ok=True)
        self.out, self._submissions = out, submissions.resolve()
        self._rules, self._rubric, self._finishing = rules, rubric, finishing
        self._journal = Journal(out / JOURNAL)
        self._is_at_work = False
        self._digests: dict[str, str] = {}
        self._known: dict[str, Known] = {}
        self._finished: dict[str, Results] = {}

    def waiting(self, chosen: Sequence[Handed], everybody: Sequence[Handed], regrade: Regrade | None) -> list[Handed]:
        """The submissions to grade. Raises RunError where a run would mix two sets of rules, and the user has not
        agreed to that."""
        for each in everybody:
            if (self.out / each.name).resolve() in (self._submissions, *self._submissions.parents):
                raise RunError(
                    f"the results of {each.name} would lie where the submissions do; name another folder with --out"
                )
            self._known[each.name] = self._look_up(each)
        chosen = [each for each in chosen if not each.missing]
        if regrade == "all":
            return chosen
        if regrade != "changed":
            self._refuse_other_rules(everybody)
        return [each for each in chosen if self._is_waiting(self._known[each.name], regrade)]

    def begin(self, waiting: Sequence[Handed]) -> None:
        """Begins, with the submissions to grade. Raises OSError."""
        self._is_at_work = bool(waiting) or self._journal.is_running
        if waiting:
            self._journal.begin(self._rules)

    def end(self) -> None:
        """Notes that all submissions have been graded. Raises OSError."""
        if self._journal.is_running:
            self._journal.add(Ended())

    @property
    def regraded(self) -> int:
        """How many submissions this run has graded that had been graded before."""
        return len(self._journal.before()) if self._is_at_work else 0

    def record(self, handed: Handed, results: Results) -> None:
        """Keeps the results of a submission; from then on they count. Raises OSError."""
        data = encode(results)
        folder = self.out / handed.name
        ResultsFile(folder / GRADED).write(results)
        points = {f"{test.number} {test.name}": test.score for test in results.tests if test.max_score}
        failed = GRADER_FAILED in results.extra_data
        digest = self._digests.get(handed.name, "")
        self._journal.add(Graded(handed.name, digest, self._rules, _sum(data), results.score, points, failed))
        self._known[handed.name] = Known(results, failed)
        self._finished.pop(handed.name, None)
        self.publish(handed)

    def publish(self, handed: Handed) -> None:
        """Writes a submission's results and page as they are to be read. Raises OSError."""
        entry = self.entry(handed)
        if entry.results is None:
            return
        folder = self.out / entry.handed.name
        data = encode(entry.results)
        try:
            if (folder / RESULTS).read_bytes() == data and (folder / PAGE).exists():
                return
        except OSError:
            pass
        page = html.render(entry.results, title=self._rubric.title, notebook_name=entry.handed.name)
        place_text(folder / PAGE, page)
        ResultsFile(folder / RESULTS).write(entry.results)

    def entry(self, handed: Handed) -> Entry:
        """A submission with the results that count. Raises OSError where the journal cannot be written."""
        known = self._known[handed.name]
        if known.results is None or self._finishing is None:
            return Entry(handed, known.results, known.others)
        if handed.name not in self._finished:
            seen = partial(self._seen, handed.name, counts=not known.others)
            self._finished[handed.name] = self._finishing(handed, known.results, seen)
        return Entry(handed, self._finished[handed.name], known.others)

    def _seen(self, name: str, adjustment: Adjustment, now: float, *, counts: bool) -> float:
        then = self._journal.adjusted(name, adjustment.key)
        if then is None and counts:
            self._journal.add(Adjusted(name, adjustment.key, now))
        return now if then is None else then

    def changes(self) -> list[Change]:
        """The changes by this run, and by the run that it continues, for submissions that had been graded before."""
        found = []
        for name, before in self._journal.before().items() if self._is_at_work else ():
            after = self._journal.latest(name)
            assert after is not None
            numbers = dict.fromkeys([*before.points, *after.points])
            checks = tuple(
                (number, before.points.get(number, 0.0), after.points.get(number, 0.0))
                for number in numbers
                if abs(before.points.get(number, 0.0) - after.points.get(number, 0.0)) > 1e-9
            )
            if checks:
                found.append(Change(name, before.score, after.score, checks, _why(before, after)))
        return found

    def _look_up(self, handed: Handed) -> Known:
        try:
            self._digests[handed.name] = handed.digest()
        except (OSError, Intolerable) as error:
            self._digests[handed.name] = f"unreadable: {error}"
        latest = self._journal.latest(handed.name)
        if latest is None:
            return Known(None)
        try:
            data = (self.out / handed.name / GRADED).read_bytes()
            results = decode(data)
        except (OSError, ResultsError):
            return Known(None)
        if _sum(data) != latest.results:
            return Known(None)
        files = ("files",) if latest.submission != self._digests[handed.name] else ()
        return Known(results, latest.failed, (*self._rules.others(latest.rules), *files))

    def _is_waiting(self, known: Known, regrade: Regrade | None) -> bool:
        return known.results is None or known.failed or (regrade == "changed" and bool(known.others))

    def _refuse_other_rules(self, everybody: Sequence[Handed]) -> None:
        told: dict[str, int] = {}
        stale = 0
        for each in everybody:
            known = self._known[each.name]
            others = [name for name in known.others if name != "files"]
            stale += bool(others) and not known.failed
            for name in others if not known.failed else ():
                told[name] = told.get(name, 0) + 1
        if stale:
            words = " and ".join(WORDS[name] for name in told)
            raise RunError(
                f"{stale} of {len(everybody)} submissions in {self.out} were graded with {words}: "
                "--regrade changed grades them again; to keep them as they are, name another folder with --out"
            )


def _refuse_within(out: Path, submissions: Path) -> None:
    if submissions.is_dir() and (out == submissions or submissions in out.parents):
        raise RunError(
            f"the results would lie among the submissions ({out}), where they would be taken for one: "
            "name a folder elsewhere with --out"
        )


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _why(before: Graded, after: Graded) -> str:
    if before.failed:
        return "the grader had failed"
    others: Iterable[str] = after.rules.others(before.rules)
    if before.submission != after.submission:
        others = [*others, "files"]
    return ", ".join(WORDS[name] for name in others) or "graded again with the same rules"
