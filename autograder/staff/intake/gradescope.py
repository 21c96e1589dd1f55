"""Reads the description in Gradescope's export: who handed in which submission, and when.

It is read event by event. Nothing is built of the results and texts in it, so that neither their length nor their
references cost anything.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from autograder.staff.intake.handed import Student

METADATA = "submission_metadata.yml"
FOLDER = re.compile(r"submission_\d+")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 200


class Described(msgspec.Struct, frozen=True):
    """One submission."""

    students: tuple[Student, ...] = ()
    submitted: str = ""


class DescriptionError(Exception):
    """The description is not as Gradescope writes it; the message says how."""


def described(data: bytes) -> dict[str, Described]:
    """Maps the name of a folder to its submission. Raises DescriptionError."""
    reader = _Reader(yaml.parse(data, Loader=_LOADER))
    try:
        return dict(reader.submissions())
    except (yaml.YAMLError, ValueError) as error:
        raise DescriptionError(f"{METADATA} is not as Gradescope writes it: {error}") from None


def _not(event: Any, expected: str) -> str:
    return f"{METADATA} is not as Gradescope writes it: line {event.start_mark.line + 1}: {expected}"


class _Reader:
    """Goes through the events, and keeps the few texts that are needed."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, str] = {}

    def submissions(self) -> Iterator[tuple[str, Described]]:
        """Reads the events. Raises YAMLError, and DescriptionError where the form is another one."""
        first = next((event for event in self._events if _begins(event) or _is_text(event)), None)
        if first is None or (_is_text(first) and not first.value):
            return
        for name, event in self._mapping(first):
            yield name, self._submission(event)

    def _submission(self, event: Any) -> Described:
        students: tuple[Student, ...] = ()
        submitted = ""
        if not isinstance(event, yaml.MappingStartEvent):
            self._skip(event)
            return Described()
        for key, value in self._mapping(event):
            if key == ":submitters":
                students = tuple(map(self._student, self._sequence(value)))
            elif key == ":created_at":
                submitted = self._text(value)
            else:
                self._skip(value)
        return Described(students, submitted)

    def _student(self, event: Any) -> Student:
        told = {key: self._text(value) for key, value in self._mapping(event)}
        return Student(told.get(":name", ""), told.get(":email", ""), told.get(":sid", ""))

    def _mapping(self, event: Any) -> Iterator[tuple[str, Any]]:
        """Yields keys, and the event with which each value begins; the value has to be read before the next key."""
        if _is_text(event) and not event.value:
            return
        if not isinstance(event, yaml.MappingStartEvent):
            raise DescriptionError(_not(event, "names with values were expected"))
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            yield self._text(key), next(self._events)

    def _sequence(self, event: Any) -> Iterator[Any]:
        if _is_text(event) and not event.value:
            return
        if not isinstance(event, yaml.SequenceStartEvent):
            raise DescriptionError(_not(event, "a list was expected"))
        while not isinstance(each := next(self._events), yaml.SequenceEndEvent):
            yield each

    def _text(self, event: Any) -> str:
        """The text, "" for anything else."""
        if isinstance(event, yaml.AliasEvent):
            return self._anchors.get(str(event.anchor), "")
        if not _is_text(event):
            self._skip(event)
            return ""
        text = "" if event.value in {"~", "null"} and event.implicit[0] else str(event.value)
        if event.anchor:
            self._anchors[event.anchor] = text
        return text

    def _skip(self, event: Any) -> None:
        depth = 0
        while True:
            depth += _begins(event) - isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
            if _is_text(event) and event.anchor:
                self._anchors[event.anchor] = str(event.value)
            if depth > _DEEPEST:
                raise DescriptionError(_not(event, "it is nested too deeply"))
            if depth == 0:
                return
            event = next(self._events)


def _begins(event: Any) -> bool:
    return isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)


def _is_text(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent)
