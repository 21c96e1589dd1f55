"""Records what was graded, and with which grader: results count only by this file.

It has a line of JSON for each event. Lines are added and never changed; the last line may be torn where a run was
killed.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

import autograder
from autograder.staff.course.policy import Late, Policy
from autograder.student.assignment import Assignment
from autograder.student.grading.rubric import Rubric

GRADING = (".py", ".toml", ".json", ".safetensors")
"""Endings of those files of the grader that decide a grade."""


class Rules(msgspec.Struct, frozen=True):
    """Everything that decides a grade besides the submission, each part as a digest."""

    grader: str
    rubric: str
    config: str

    def others(self, than: "Rules") -> tuple[str, ...]:
        """The names of the parts that differ."""
        return tuple(name for name in self.__struct_fields__ if getattr(self, name) != getattr(than, name))


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The start of a run, which may continue a run that was killed."""

    rules: Rules


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The end of a run."""


class Graded(msgspec.Struct, frozen=True, tag="graded"):
    """One submission that is graded and whose results are in their place."""

    name: str
    submission: str
    """Digest of the files that were handed in."""
    rules: Rules
    results: str
    """Digest of the file with the results."""
    score: float
    points: dict[str, float]
    """Maps the number and title of each check to its points."""
    failed: bool = False
    """Whether the grader failed."""


class Adjusted(msgspec.Struct, frozen=True, tag="adjusted"):
    """A decision of the staff, when it was first seen."""

    name: str
    key: str
    """The adjustment's digest."""
    before: float
    """The points that the grader gave then."""


Event = Begun | Ended | Graded | Adjusted


class Journal:
    """The journal of one folder of grades."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._path = path
        self._latest: dict[str, Graded] = {}
        self._before: dict[str, Graded] = {}
        self._adjusted: dict[tuple[str, str], float] = {}
        self._begun: Begun | None = None
        self._is_torn = False
        for event in self._events():
            self._take(event)

    def latest(self, name: str) -> Graded | None:
        """The last entry about a submission."""
        return self._latest.get(name)

    @property
    def is_running(self) -> bool:
        """Whether a run has begun and not ended."""
        return self._begun is not None

    def adjusted(self, name: str, key: str) -> float | None:
        """The points that the grader gave when that was decided; None where the decision is new."""
        return self._adjusted.get((name, key))

    def before(self) -> Mapping[str, Graded]:
        """The submissions that this run and an earlier run have graded: their points in the earlier run."""
        return self._before

    def add(self, event: Event) -> None:
        """Raises OSError."""
        line = (b"\n" if self._is_torn else b"") + msgspec.json.encode(event) + b"\n"
        self._is_torn = True  # only whole lines count
        with self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._is_torn = False
        self._take(event)

    def begin(self, rules: Rules) -> None:
        """Begins a run; it continues a killed run that had the same rules. Raises OSError."""
        if self._begun is None or self._begun.rules != rules:
            self.add(Begun(rules))

    def _take(self, event: Event) -> None:
        match event:
            case Begun():
                self._begun, self._before = event, {}
            case Ended():
                self._begun = None
            case Adjusted():
                self._adjusted.setdefault((event.name, event.key), event.before)
            case Graded():
                if (known := self._latest.get(event.name)) is not None:
                    self._before.setdefault(event.name, known)
                self._latest[event.name] = event

    def _events(self) -> Iterable[Event]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        self._is_torn = bool(data) and not data.endswith(b"\n")
        decoder = msgspec.json.Decoder(Event)
        for line in data.splitlines():
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError:
                continue  # torn: the work that it stands for is done again


def rules_of(assignment: Assignment, rubric: Rubric, policy: Policy) -> Rules:
    """The rules of today's grader. `rubric`: the assignment's, without the policy. The cost of lateness is not among
    them, because it is computed anew each time."""
    return Rules(
        grader=_grader(assignment),
        rubric=_digest(msgspec.json.encode(rubric, order="sorted")),
        config=_digest(msgspec.json.encode(msgspec.structs.replace(policy, late=Late()), order="sorted")),
    )


def _grader(assignment: Assignment) -> str:
    """The digest of the code and of the banks."""
    digest = hashlib.sha256(f"{assignment.name} {assignment.version}".encode())
    for folder in dict.fromkeys([Path(autograder.__file__).parent, assignment.folder]):
        for path in sorted(folder.rglob("*")):
            if path.suffix in GRADING:
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return f"{assignment.version} {digest.hexdigest()[:16]}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
