"""Grades the submissions of a class with workers, each of which keeps one sandbox for all that it grades."""

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing.util import Finalize

from autograder.staff.classes.cluster import Workers
from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.handed import Handed
from autograder.student.commands.grade import TELL, Settings, grade_submission, unreadable
from autograder.student.grading.grade import untouched
from autograder.student.output.results import GRADER_FAILED, Results, from_verdicts
from autograder.student.sandbox.host import Confinement, Sandbox
from autograder.student.sandbox.remembering import Remembering

ATTEMPTS = 3
"""In how many deaths of a worker process a submission may be involved; deaths that a neighbour caused count as well."""
_kept: dict[tuple[str, Confinement], Sandbox] = {}
"""In a worker: the sandbox for all submissions that it grades."""


def has_failed(results: Results) -> bool:
    """Whether the results say that the grader itself failed."""
    return GRADER_FAILED in results.extra_data


def grade_all(
    handed: Sequence[Handed], settings: Settings, opening: Callable[[], AbstractContextManager[Workers]]
) -> Iterator[tuple[Handed, Results]]:
    """Yields each submission as soon as it is graded, by the workers that `opening` gives. A worker that dies, for
    example because memory is short, is replaced, and its submission is tried again. Raises ClusterError."""
    waiting, attempts = deque(handed), Counter[str]()
    while waiting:
        running: dict[Future[Results], Handed] = {}
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
                        # A cluster itself tries again, and then reports it.
                        yield each, _failed(settings, str(error)) if error else future.result()
            except BrokenExecutor:
                attempts.update(each.name for each in running.values())
        for each in running.values():
            if attempts[each.name] < ATTEMPTS:
                waiting.append(each)
            else:
                yield each, _failed(settings, "the process that was grading it was ended, perhaps for want of memory")


def grade_one(handed: Handed, settings: Settings) -> Results:
    """Runs in a worker. A submission at which a broken sandbox has failed is tried once more in a new one."""
    try:
        with handed.opened() as files:
            if files.notes and not any(files.place.iterdir()):
                return unreadable(settings.rubric, f"The submission cannot be read: {'; '.join(files.notes)}.")
            for _ in range(2):
                results = grade_submission(
                    settings, files.place, notes=files.notes, opening=partial(_kept_sandbox, settings)
                )
                if not has_failed(results):
                    break
                _close()
    except Intolerable as error:
        return unreadable(settings.rubric, f"The submission cannot be read: {error}.")
    except OSError as error:
        return _failed(settings, f"its files cannot be read ({error.strerror or error})")
    return results


def _failed(settings: Settings, reason: str) -> Results:
    reason = f"The grader itself failed, through no fault of this submission: {reason}. {TELL}"
    return from_verdicts(untouched(settings.rubric, reason), output=reason, extra={GRADER_FAILED: True})


@contextlib.contextmanager
def _kept_sandbox(settings: Settings) -> Iterator[Sandbox]:
    """The worker's sandbox, which stays open when the submission is graded. Raises SandboxError."""
    key = settings.rubric.environment, settings.confinement
    if key not in _kept:
        _kept[key] = Remembering(settings.sandbox(), careful=True)
        Finalize(None, _close, exitpriority=1)
    yield _kept[key]


def _close() -> None:
    while _kept:
        _kept.popitem()[1].close()
