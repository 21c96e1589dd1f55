"""Reads the times that platforms and staff write."""

import contextlib
import re
from datetime import datetime

_GRADESCOPE = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\d* ?(Z|UTC|[+-]\d\d:?\d\d)?")
FORMS = ("%Y-%m-%d-%H-%M-%S", "%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%Y-%m-%d %H:%M")
"""The formats of Blackboard's files, Brightspace's folders, and spreadsheets: without a time zone."""


def moment(text: str) -> datetime | None:
    """The time; None where it is not one, and without a zone where none is written."""
    text = " ".join(text.split())
    if match := _GRADESCOPE.fullmatch(text):
        day, time, fraction, zone = match.groups()
        zone = "+00:00" if zone in {"Z", "UTC"} else zone or ""
        text = f"{day}T{time}{fraction or ''}{zone}"
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(text)
    for form in FORMS:
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form)
    return None


def seconds_between(due: datetime, submitted: datetime) -> float:
    """How long after `due`; 0 where it was in time. A time without a zone gets the zone of the other."""
    if due.tzinfo is None or submitted.tzinfo is None:
        zone = due.tzinfo or submitted.tzinfo
        due, submitted = due.replace(tzinfo=due.tzinfo or zone), submitted.replace(tzinfo=submitted.tzinfo or zone)
    return max(0.0, (submitted - due).total_seconds())
