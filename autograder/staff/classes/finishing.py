"""Turns the grader's results into the student's results: adds the staff's decisions, and what lateness costs."""

from collections.abc import Callable, Sequence

import msgspec

from autograder.staff.course.adjustments import Adjustment, AdjustmentError, with_adjustment
from autograder.staff.course.policy import DAY, Late
from autograder.staff.course.standing import with_lateness
from autograder.staff.intake.handed import Handed
from autograder.staff.intake.people import orders_of
from autograder.staff.intake.times import moment, seconds_between
from autograder.student.grading.grade import untouched
from autograder.student.grading.rubric import Rubric
from autograder.student.output.results import GRADER_FAILED, Results, for_the_staff, from_verdicts


class Finishing:
    """The decisions for one class."""

    def __init__(self, late: Late, adjustments: Sequence[Adjustment], handed: Sequence[Handed], rubric: Rubric) -> None:
        """Raises AdjustmentError where an adjustment fits no submission, may fit several, or gives more points than
        there are."""
        self._late = late
        for each in adjustments:
            each.before(from_verdicts(untouched(rubric, "")))
        self._of: dict[str, list[Adjustment]] = {}
        for each in adjustments:
            self._of.setdefault(_whose(each, handed), []).append(each)

    def __call__(self, handed: Handed, results: Results, seen: Callable[[Adjustment, float], float]) -> Results:
        """The results with adjustments and lateness. `seen` returns the points that the grader gave when an adjustment
        was made, and is told the points that it gives now."""
        if GRADER_FAILED in results.extra_data:
            return results
        finished = results
        for each in self._of.get(handed.name, ()):
            try:
                now = each.before(results)
            except AdjustmentError as error:  # it was made for an older rubric
                finished = for_the_staff(finished, str(error))
                continue
            then = seen(each, now)
            finished = with_adjustment(finished, each)
            if abs(then - now) > 1e-9:
                finished = for_the_staff(
                    finished,
                    f"{each.by} gave {each.points:g} points for {each.subject} when the grader gave {then:g}; "
                    f"it gives {now:g} now",
                )
        return self._in_time(handed, finished)

    def _in_time(self, handed: Handed, results: Results) -> Results:
        days = self._days(handed)
        if days is None:
            if not self._late.percent_per_day:
                return results
            return for_the_staff(
                results,
                "late, and the platform does not say by how much: nothing is taken off "
                "(a column `late days` of the roster can say it)",
            )
        return with_lateness(results, days, self._late, handed.free_days) if days else results

    def _days(self, handed: Handed) -> int | None:
        """The days that count; None where it is late and nothing says how late."""
        if handed.days_late is not None:
            return self._late.days(handed.days_late * DAY)
        due, submitted = moment(handed.due) or self._late.due, moment(handed.submitted)
        if due is not None and submitted is not None:
            return self._late.days(seconds_between(due, submitted))
        return None if handed.late else 0


def _whose(adjustment: Adjustment, handed: Sequence[Handed]) -> str:
    wanted = adjustment.student.strip().casefold()
    called = {*orders_of(wanted)}
    found = [
        each.name
        for each in handed
        if wanted
        in {
            each.name.casefold(),
            *(word.casefold() for student in each.students for word in msgspec.structs.astuple(student) if word),
        }
        or any(called & {*orders_of(student.name)} for student in each.students)
    ]
    if len(found) == 1:
        return found[0]
    told = "is nobody of this class" if not found else f"may be {', '.join(found[:5])}"
    raise AdjustmentError(f"the adjustment of {adjustment.student!r}: {told}")
