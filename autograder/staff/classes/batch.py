"""Grades the submissions of a class by workers, each of which keeps one sandbox for all that it grades.

OUT/NAME/results.json is written in one step once NAME is graded, and is all that is remembered: a batch that was killed
goes on with what has none.
"""

import contextlib
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Literal

import msgspec

from autograder.staff.classes.cluster import Workers
from autograder.staff.classes.collection import Handed
from autograder.staff.classes.roster import PAGE, Entry
from autograder.student.commands.grade import TELL, Settings, grade_submission
from autograder.student.grading.grade import untouched
from autograder.student.output import html
from autograder.student.output.results import GRADER_FAILED, Results, ResultsError, ResultsFile, decode, from_verdicts
from autograder.student.sandbox.host import Confinement, Sandbox

Regrade = Literal["failed", "changed", "all"]
RESULTS = "results.json"
DIGEST = "submission_digest"
"""In the extra data: what the results are of."""
ATTEMPTS = 3
"""How many times a submission may be at work while its process dies; that of a neighbour counts as well."""
_kept: dict[tuple[str, Confinement], Sandbox] = {}
"""In a worker: the sandbox for all that it grades."""


class Graded(msgspec.Struct, frozen=True):
    """What came of one submission."""

    name: str
    results: Results
    page: str

    @property
    def failed(self) -> bool:
        """Whether the grader did."""
        return has_failed(self.results)

    def write(self, out: Path) -> None:
        """Page and results, these last: what has results is done. Raises OSError."""
        folder = out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).write_text(self.page, encoding="utf-8", errors="replace")
        ResultsFile(folder / RESULTS).write(self.results)


def has_failed(results: Results) -> bool:
    """Whether they say that the grader itself failed."""
    return GRADER_FAILED in results.extra_data


def entry_of(handed: Handed, out: Path) -> Entry:
    """With the results of an earlier run, where there are any."""
    try:
        return Entry(handed, decode((out / handed.name / RESULTS).read_bytes()))
    except (OSError, ResultsError):
        return Entry(handed, None)


def to_grade(handed: Iterable[Handed], out: Path, regrade: Regrade) -> list[Handed]:
    """Those that have no results yet, or none but the grader's own failure; with "changed" also those whose files are
    others now. Raises OSError and BadZipFile."""
    waiting = []
    for each in handed:
        known = None if regrade == "all" else entry_of(each, out).results
        is_stale = known is not None and regrade == "changed" and known.extra_data.get(DIGEST) != each.digest()
        if known is None or has_failed(known) or is_stale:
            waiting.append(each)
    return waiting


def grade_all(
    handed: Sequence[Handed], settings: Settings, opening: Callable[[], AbstractContextManager[Workers]]
) -> Iterator[Graded]:
    """Each as soon as it is graded, by the workers that `opening` gives. One that dies, say for want of memory, is
    replaced, and what it was at tried again. Raises ClusterError."""
    waiting, attempts = deque(handed), Counter[str]()
    while waiting:
        running: dict[Future[Graded], Handed] = {}
        with opening() as workers:
            try:
                while waiting or running:
                    while waiting and len(running) < workers.at_once:
                        running[workers.executor.submit(grade_one, waiting[0], settings)] = waiting[0]
                        waiting.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        error = future.exception()
                        if isinstance(error, BrokenExecutor):
                            raise error
                        each = running.pop(future)
                        # A cluster tries again by itself, and then says so.
                        yield _failed(each, settings, str(error)) if error else future.result()
            except BrokenExecutor:
                attempts.update(each.name for each in running.values())
        for each in running.values():
            if attempts[each.name] < ATTEMPTS:
                waiting.append(each)
            else:
                yield _failed(each, settings, "the process that was grading it was ended, perhaps for want of memory")


def grade_one(handed: Handed, settings: Settings) -> Graded:
    """In a worker. What a broken sandbox has failed at is tried once more in a new one."""
    try:
        digest = handed.digest()
        with handed.opened() as files:
            for _ in range(2):
                results = grade_submission(settings, files, opening=partial(_kept_sandbox, settings))
                if not has_failed(results):
                    break
                _close()
    except (OSError, zipfile.BadZipFile) as error:
        return _failed(handed, settings, f"its files cannot be read ({error})")
    results = msgspec.structs.replace(results, extra_data=results.extra_data | {DIGEST: digest})
    return _with_page(handed, results, settings)


def _failed(handed: Handed, settings: Settings, reason: str) -> Graded:
    reason = f"The grader itself failed, through no fault of this submission: {reason}. {TELL}"
    results = from_verdicts(untouched(settings.rubric, reason), output=reason, extra={GRADER_FAILED: True})
    return _with_page(handed, results, settings)


def _with_page(handed: Handed, results: Results, settings: Settings) -> Graded:
    return Graded(handed.name, results, html.render(results, title=settings.rubric.title, notebook_name=handed.name))


@contextlib.contextmanager
def _kept_sandbox(settings: Settings) -> Iterator[Sandbox]:
    """Not closed when the submission is graded. Raises SandboxError."""
    key = settings.rubric.environment, settings.confinement
    if key not in _kept:
        _kept[key] = settings.sandbox()
        Finalize(None, _close, exitpriority=1)
    yield _kept[key]


def _close() -> None:
    while _kept:
        _kept.popitem()[1].close()
