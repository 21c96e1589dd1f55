"""What judging says, as data: a finding has no points yet, a verdict does. Other modules render them."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from autograder.student.grading.pictures import Picture

Visibility = Literal["visible", "after_due_date", "after_published", "hidden"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found in a submission, before the rubric gives it points."""

    passed: bool
    message: str
    """Markdown for the student: what is wrong and where to look, then the evidence."""
    details: str = ""
    """The end of the message, which a page may fold: what else was seen."""
    place: str = ""
    """The notebook's cell that it is about, as "code cell 7" or "text cell 3"; "" where there is no single cell."""
    misconception: str | None = None
    """The slug of the mistake that was recognised."""
    needs_review: str = ""
    """Why a person should look at it; "" where the finding is sure."""
    fault: str = ""
    """The traceback, where the grader's own code failed and the check could not be made; else ""."""
    figures: Mapping[str, float] = {}
    """The figures that the submission reports, in percent, for the page about the whole class."""
    shown: bool = False
    """Whether the item's cell for the student's own notebook shows it."""
    pictures: tuple[Picture, ...] = ()


class Verdict(Finding, frozen=True, kw_only=True):
    """A finding with its place in the rubric and its points."""

    number: str
    item: str
    about: str
    """The item's title, for people."""
    check: str
    title: str
    score: float
    max_score: float
    visibility: Visibility
