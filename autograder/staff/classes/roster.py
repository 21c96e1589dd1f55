"""The submissions of a class, each with its result."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from autograder.staff.course.adjustments import ADJUSTED
from autograder.staff.intake.handed import Handed
from autograder.staff.intake.people import names_of
from autograder.student.grading.bank import parts_of
from autograder.student.output.grouping import is_unchecked
from autograder.student.output.results import FIGURES, GRADER_FAILED, MEMORY, UNREADABLE, Results, Test

PAGE = "report.html"
State = Literal["graded", "unreadable", "the grader failed", "not graded", "not handed in"]
STALE = {
    "files": "its files have changed since it was graded",
    "rubric": "graded with another rubric",
    "config": "graded with another configuration",
    "grader": "graded with another version of the grader",
}


class Entry(msgspec.Struct, frozen=True):
    """One submission."""

    handed: Handed
    results: Results | None
    others: tuple[str, ...] = ()
    """What has changed since it was graded."""

    @property
    def state(self) -> State:
        """How far its grading has come."""
        if self.handed.missing:
            return "not handed in"
        if self.results is None:
            return "not graded"
        if GRADER_FAILED in self.results.extra_data:
            return "the grader failed"
        return "unreadable" if UNREADABLE in self.results.extra_data else "graded"

    @property
    def label(self) -> str:
        """The students' names where they are known, else the submission's."""
        return names_of(self.handed.students) or self.handed.name

    @property
    def page(self) -> str:
        """The path of its report from the class's page."""
        return f"{self.handed.name}/{PAGE}"

    @property
    def problem(self) -> str:
        """Why it was not graded as usual, or what has changed since; "" where all is well."""
        if self.results is None:
            return self.state
        reason = "" if self.state == "graded" else self.results.output
        return "; ".join(filter(None, [reason, *(STALE[other] for other in self.others)]))

    @property
    def score(self) -> float:
        """Points; None where there are no results."""
        return self.results.score if self.results is not None else 0.0

    @property
    def memory(self) -> int:
        """The most MB that its code took; 0 where that is not known."""
        return int(self.results.extra_data.get(MEMORY, 0)) if self.results is not None else 0

    def points(self, items: Sequence[str]) -> list[float]:
        """The sum over the checks of each item."""
        return [math.fsum(test.score for test in self._tests if test.extra_data.get("item") == item) for item in items]

    @property
    def reviews(self) -> Mapping[str, list[str]]:
        """Why a person should look at it, and the numbers of the checks."""
        reasons: dict[str, list[str]] = {}
        for each in self.results.extra_data.get("needs_review", ()) if self.results is not None else ():
            reasons.setdefault(str(each["reason"]), []).append(str(each["number"]))
        return reasons

    @property
    def to_review(self) -> int:
        """How many checks a person should look at."""
        return sum(map(len, self.reviews.values()))

    @property
    def adjusted(self) -> tuple[str, ...]:
        """The staff's decisions, one sentence each."""
        told = self.results.extra_data.get(ADJUSTED, ()) if self.results is not None else ()
        return tuple(
            f"{each['subject']}: {each['before']:g} -> {each['points']:g} ({each['by']}: {each['reason']})"
            for each in told
        )

    @property
    def late_days(self) -> int:
        """Days after the due date that count."""
        return int(self.results.extra_data.get("late_days", 0)) if self.results is not None else 0

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The slugs of its named mistakes, each once."""
        return tuple(dict.fromkeys(slug for test in self._wrong for slug in parts_of(_slug(test)) if slug))

    @property
    def mistaken_at(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a slug and the title of a check in which the mistake was seen."""
        return tuple((slug, test.name) for test in self._wrong for slug in parts_of(_slug(test)) if slug)

    @property
    def unnamed(self) -> tuple[tuple[str, str], ...]:
        """Number and title of the failed checks whose mistake has no name."""
        return tuple((test.number, test.name) for test in self._wrong if not _slug(test))

    @property
    def figures(self) -> Mapping[str, float]:
        """The accuracies that it reports, in percent."""
        return {name: float(value) for test in self._tests for name, value in test.extra_data.get(FIGURES, {}).items()}

    @property
    def _tests(self) -> tuple[Test, ...]:
        return self.results.tests if self.results is not None else ()

    @property
    def _wrong(self) -> list[Test]:
        return [test for test in self._tests if test.status == "failed" and not is_unchecked(test)]


def _slug(test: Test) -> str:
    return str(test.extra_data.get("misconception") or "")
