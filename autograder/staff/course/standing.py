"""Compares a submission with the due date, and with the students' last submission."""

import math

import msgspec

from autograder.staff.course.metadata import Metadata
from autograder.staff.course.policy import Feedback, Late
from autograder.student.output.results import DETAILS, NOTEBOOK, PICTURES, UNCHECKED, Results, Test, for_the_staff


def with_standing(
    results: Results, metadata: Metadata | None, late: Late, problem: str = "", feedback: Feedback | None = None
) -> Results:
    """The results with points taken off for lateness, without details where the day's are used up, and a sentence on
    each; unchanged where nothing is known.

    The sentences tell nothing about checks that students do not see yet. `problem`: for the course staff, why nothing
    is known of a submission although something should be.
    """
    if metadata is None:
        return for_the_staff(results, problem) if problem else results
    sentences = []
    most = feedback.details_per_day if feedback is not None else None
    if most is not None and metadata.earlier_that_day >= most:
        results = msgspec.structs.replace(results, tests=tuple(map(_without_details, results.tests)))
        sentences.append(_points_only(most))
    seen = [test for test in results.tests if test.visibility == "visible"]
    if seen and (last := metadata.last_visible_score) is not None:
        sentences.append(_compared(seen, last))
    text = "\n\n".join(sentence for sentence in (*sentences, results.output) if sentence)
    return with_lateness(msgspec.structs.replace(results, output=text), late.days(metadata.seconds_late), late)


def with_lateness(results: Results, days: int, late: Late, free: int = 0) -> Results:
    """The results with points taken off for that many days, minus the days that the student may be late for `free`."""
    charged = max(0, days - free)
    percent = late.percent_of(charged)
    if not percent and not free:
        return results
    count = f"{days} day{'' if days == 1 else 's'}"
    used = f" ({min(days, free)} of {free} free days used)" if free else ""
    sentence = f"Handed in {count} after the due date{used}: {percent:g} % of the points are taken off."
    extra = {"late_days": days, "late_percent": percent, "score_before_late_policy": results.score}
    if free:
        extra["free_days_used"] = min(days, free)
    return msgspec.structs.replace(
        results,
        score=round(results.score * (1 - percent / 100), 6),
        output="\n\n".join(filter(None, [sentence if days else "", results.output])),
        extra_data=results.extra_data | (extra if days else {}),
    )


def _points_only(most: int) -> str:
    if not most:
        return "In this course the report shows only which checks pass, not why a check fails."
    count = "one submission" if most == 1 else f"{most} submissions"
    return (
        f"In this course {count} a day show why a check fails. This is a later one, so it shows only which "
        "checks pass. Tomorrow's submissions show the reasons again."
    )


def _without_details(test: Test) -> Test:
    """The test without its details; unchanged where the grader could not read or check anything, because that does not
    answer an attempt."""
    if test.visibility != "visible" or test.extra_data.get("item") == NOTEBOOK or UNCHECKED in test.extra_data:
        return test
    kept = {key: value for key, value in test.extra_data.items() if key not in (DETAILS, PICTURES)}
    return msgspec.structs.replace(test, output="", extra_data=kept)


def _compared(seen: list[Test], last: float) -> str:
    now = round(math.fsum(test.score for test in seen), 6)
    most = round(math.fsum(test.max_score for test in seen), 6)
    change = round(now - last, 6)
    direction = f"up {change:g} since" if change > 0 else f"down {-change:g} since" if change < 0 else "the same as in"
    return f"The checks that you see: {now:g} of {most:g} points, {direction} your last submission."
