"""What Gradescope tells of a submission besides the files: submission_metadata.json,
https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class MetadataError(Exception):
    """The file is not one of Gradescope's; the message says why."""


class Dates(msgspec.Struct, frozen=True):
    """The due date of the assignment, or of one student with an extension."""

    due_date: Moment | None = None


class User(msgspec.Struct, frozen=True):
    """One of the students who hand in together."""

    assignment: Dates | None = None


class Previous(msgspec.Struct, frozen=True):
    """An earlier submission of the same students, with the results that it had."""

    submission_time: Moment
    autograder_error: bool | None = None
    results: dict[str, Any] | None = None

    @property
    def visible_score(self) -> float | None:
        """The sum over the tests that students saw at once; None where there are no results."""
        tests = (self.results or {}).get("tests")
        if self.autograder_error or not isinstance(tests, list):
            return None
        seen = [test for test in tests if isinstance(test, dict) and test.get("visibility", "visible") == "visible"]
        scores = [test.get("score") for test in seen]
        return round(sum(score for score in scores if isinstance(score, int | float)), 6)


class Metadata(msgspec.Struct, frozen=True):
    """When a submission came, when it was due, and which submissions came before it. All times have their zone.
    Gradescope gives null for everything that it does not know."""

    created_at: Moment
    assignment: Dates | None = None
    users: tuple[User | None, ...] | None = None
    previous_submissions: list[Any] | None = None

    @property
    def seconds_late(self) -> float:
        """How long it came after the latest due date of those who hand in together; 0 where it was in time or has no
        due date."""
        given = [self.assignment, *(user.assignment for user in self.users or () if user is not None)]
        due = [dates.due_date for dates in given if dates is not None and dates.due_date is not None]
        return max(0.0, (self.created_at - max(due)).total_seconds()) if due else 0.0

    @property
    def last_visible_score(self) -> float | None:
        """The score of the latest earlier submission that has one."""
        for previous in sorted(self._previous(), key=lambda each: each.submission_time, reverse=True):
            if (score := previous.visible_score) is not None:
                return score
        return None

    @property
    def earlier_that_day(self) -> int:
        """How many submissions came before it on the same day, by the clock of its own time zone. Submissions at which
        the grader failed do not count."""
        mine = self.created_at
        times = [each.submission_time.astimezone(mine.tzinfo) for each in self._previous() if not each.autograder_error]
        return sum(time.date() == mine.date() and time < mine for time in times)

    def _previous(self) -> Iterator[Previous]:
        """The earlier submissions that can be read: nothing depends on the others."""
        for each in self.previous_submissions or ():
            with contextlib.suppress(msgspec.ValidationError):
                yield msgspec.convert(each, Previous)


def read_metadata(path: Path) -> Metadata:
    """Reads the file. Raises MetadataError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Metadata)
    except (OSError, msgspec.MsgspecError) as error:
        raise MetadataError(f"{path} cannot be read as Gradescope's submission_metadata.json: {error}") from None
