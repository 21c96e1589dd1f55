"""Results to show, made here."""

from autograder.student.grading.verdicts import Verdict
from autograder.student.output.results import Results, from_verdicts

TITLES = {"encoder": "Encoder", "clip_model": "CLIPModel and its loss"}


def verdict(
    number="7.1.1.1",
    item="encoder",
    title="Shape",
    score=0.0,
    most=0.5,
    message="Wrong.",
    visibility="visible",
    details="",
):
    return Verdict(
        number=number,
        item=item,
        about=TITLES[item],
        check=title,
        title=title,
        score=score,
        max_score=most,
        passed=score == most,
        message=message,
        details=details,
        misconception=None,
        visibility=visibility,
    )


def mixed(message="Wrong: the shape.") -> Results:
    return from_verdicts(
        [
            verdict(score=0.5, title="Right thing", message=""),
            verdict("7.1.1.2", title="Wrong thing", message=message),
            verdict("7.1.1.3", title="Remark", most=0.0, message="Costs nothing."),
            verdict("7.2.2.1", "clip_model", "Later", 2.0, 2.0, "", "after_due_date"),
        ],
        output="How your notebook was read:\n\n- Code cell 3 was not run.",
        execution_time=4.2,
    )
