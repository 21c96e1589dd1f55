"""Made-up classes, which nobody has graded."""

import random

from autograder.ps7.student.assignment import PS7
from autograder.staff.classes.roster import Entry
from autograder.staff.intake.handed import Handed, Student
from autograder.student.grading.rubric import load
from autograder.student.output.results import GRADER_FAILED, Results, Test

RUBRIC = load(PS7)
MISTAKES = {
    "temperature-multiplied": "The similarities are multiplied by the temperature.",
    "half-up": "It is <b>half</b>.",
}


def result(check, item, number, *, mistake=None, passed=True, figures=None):
    return Test(
        number=number,
        name=check.title,
        score=check.points if passed else 0.0,
        max_score=check.points,
        status="passed" if passed else "failed",
        output="" if passed else "Wrong.",
        extra_data={"item": item.name, "check": check.name, "misconception": mistake}
        | ({"figures": figures} if figures else {}),
    )


def results(wrong=(), figures=None, seconds=2.5, **extra):
    """The results of a submission in which the checks `wrong`, pairs of item and mistake, fail, with all checks of each
    item."""
    mistakes = dict(wrong)
    tests = tuple(
        result(
            check,
            item,
            f"{item.number}.{place}",
            mistake=mistakes.get(item.name),
            passed=item.name not in mistakes,
            figures=figures if item.reader else None,
        )
        for item in RUBRIC.items
        for place, check in enumerate(item.checks, 1)
        if check.points
    )
    score = round(sum(test.score for test in tests), 6)
    return Results(score=score, tests=tests, execution_time=seconds, extra_data={"needs_review": [], **extra})


def student(name, found):
    return Entry(Handed(name, students=(Student(f"{name.title()} Lovelace", f"{name}@x", "1"),)), found)


def small():
    """Four submissions: right, with a known and an unknown mistake, failed, and not graded."""
    return [
        student("ada", results(figures={"method_1": 31.0, "clip": 80.0})),
        student("bob", results([("clip_model", "temperature-multiplied"), ("encoder", None)], {"method_1": 70.0})),
        student("cleo", results([(item.name, None) for item in RUBRIC.items], **{GRADER_FAILED: True})),
        student("dora", None),
    ]


def large(size):
    """That many submissions, each wrong in some of the items."""
    chance = random.Random(7)
    items = [item.name for item in RUBRIC.items]
    return [
        student(
            f"submission_{place}",
            results(
                [
                    (name, f"{name.replace('_', '-')}-mistake-{chance.randrange(9)}")
                    for name in items
                    if chance.random() < 0.3
                ],
                {"method_1": chance.gauss(31, 4), "method_2": chance.gauss(48, 4), "clip": chance.gauss(81, 4)},
                chance.uniform(1, 9),
            ),
        )
        for place in range(size)
    ]
