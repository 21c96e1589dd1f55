"""What a course decides: points, what students see and when, the time for grading, late submissions. It is read from a
config.toml, and laid over the rubric."""

import math
from datetime import datetime
from pathlib import Path

import msgspec

from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Item, Rubric
from autograder.student.grading.verdicts import Visibility

DAY = 86_400.0


class PolicyError(Exception):
    """The configuration is wrong as it is written; the message says where."""


class Visibilities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who sees the checks that students can make themselves, and who sees the others."""

    public: Visibility = "visible"
    hidden: Visibility = "after_due_date"


class Late(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken off for each day that has begun after the due date. By default nothing."""

    percent_per_day: float = 0.0
    grace_minutes: float = 0.0
    most_percent: float = 100.0
    due: datetime | None = None
    """The due date for `batch`, because the platforms' downloads do not tell it."""

    def days(self, seconds: float) -> int:
        """The days that count, that many seconds after the due date."""
        return 0 if seconds <= 60 * self.grace_minutes else math.ceil(seconds / DAY)

    def percent(self, seconds: float) -> float:
        """What is taken off for that many seconds."""
        return self.percent_of(self.days(seconds))

    def percent_of(self, days: int) -> float:
        """What is taken off for that many days that count."""
        return min(self.most_percent, self.percent_per_day * days)


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much students can read about the checks that they see."""

    details_per_day: int | None = None
    """So many submissions of a day say why a check fails, later ones only that it fails. None: all say why."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration; where it does not name something, the rubric's value holds."""

    time_limit: float = 540.0
    """Seconds for everything. Gradescope stops after 600 seconds, and then gives no points."""
    reproduce: str = ""
    """The data set on which the notebook's own training is run, "composed" or the path of an archive; "" for none."""
    pdf: bool = False
    """Whether the notebook is printed beside the results, as notebook.pdf."""
    points: dict[str, float] = {}
    """The points of items, by name; the points of their checks follow in proportion."""
    visibility: Visibilities = Visibilities()
    late: Late = Late()
    feedback: Feedback = Feedback()

    def laid_over(self, rubric: Rubric) -> Rubric:
        """The rubric with these points and visibilities. Raises PolicyError."""
        unknown = sorted(set(self.points) - {item.name for item in rubric.items})
        if unknown:
            raise PolicyError(f"[points] names {unknown[0]!r}, which is not an item of the rubric")
        return msgspec.structs.replace(rubric, items=tuple(map(self._item, rubric.items)))

    def _item(self, item: Item) -> Item:
        points = self.points.get(item.name, item.points)
        seen: dict[Visibility, Visibility] = {
            "visible": self.visibility.public,
            "after_due_date": self.visibility.hidden,
        }
        checks = tuple(
            msgspec.structs.replace(
                check,
                points=check.points * points / item.points if item.points else 0.0,
                visibility=seen.get(check.visibility, check.visibility),
            )
            for check in item.checks
        )
        return msgspec.structs.replace(item, points=points, checks=checks)


def policy_of(assignment: Assignment) -> Policy:
    """The configuration of the assignment's own course; the defaults where it has none. Raises PolicyError."""
    return read_policy(assignment.config) if assignment.config.exists() else Policy()


def read_policy(path: Path) -> Policy:
    """Reads the configuration. Raises PolicyError."""
    try:
        policy = msgspec.toml.decode(path.read_bytes(), type=Policy)
    except (OSError, msgspec.DecodeError) as error:
        raise PolicyError(f"{path}: {error}") from None
    numbers = {
        "time_limit": policy.time_limit,
        **{f"points.{name}": value for name, value in policy.points.items()},
        "late.percent_per_day": policy.late.percent_per_day,
        "late.grace_minutes": policy.late.grace_minutes,
        "late.most_percent": policy.late.most_percent,
        "feedback.details_per_day": policy.feedback.details_per_day or 0,
    }
    for name, value in numbers.items():
        if not (math.isfinite(value) and value >= 0):
            raise PolicyError(f"{path}: {name} is {value}, which is not a number from 0 up")
    return policy
