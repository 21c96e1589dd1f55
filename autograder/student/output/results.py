"""Gradescope's results.json as typed models: https://gradescope-autograders.readthedocs.io/en/latest/specs/"""

import math
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.student.grading.messages import quote
from autograder.student.grading.verdicts import Verdict, Visibility
from autograder.student.output.placing import place

LONGEST_OUTPUT = 8_000
"""The most characters of one text. Gradescope cuts at 100,000."""
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
GRADER = "grader"
"""The name in place of an item, for what concerns only the course staff."""
GRADER_FAILED = "grader_failed"
"""In the extra data of results that have a cause outside of the submission."""
UNREADABLE = "unreadable"
FIRST, LACKING = "at_first_sight", "lacking"
"""In `extra_data`: what to say before anything else, and the layers of confinement that this machine does not have."""
"""In the extra data of results for a submission without a readable notebook."""
NOTEBOOK = "notebook"
"""The name in place of an item, for what concerns the notebook as a whole."""
UNCHECKED = "could_not_be_checked"
"""In the extra data of a test that failed because of the grader itself."""
TITLE = "title"
"""In the extra data of a test: its item's title, for people."""
DETAILS = "details"
"""In the extra data of a test: the end of its output, which a page may fold."""
PLACE = "place"
"""In the extra data of a test: the notebook's cell that it is about, such as "code cell 7"."""
FIGURES = "figures"
"""In the extra data of a test: the figures that the submission reports, in percent."""
PICTURES = "pictures"
"""In the extra data of a test: the pictures of the finding."""
MEMORY = "memory_mb"
"""In the extra data of results: the memory of the largest process of the submission's code."""
Status = Literal["passed", "failed"]
Format = Literal["text", "html", "simple_format", "md", "ansi"]


class ResultsError(Exception):
    """The file does not hold results; the message says why."""


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One check as Gradescope shows it."""

    __test__ = False  # tells pytest that this class is not a test

    number: str
    name: str
    score: float
    max_score: float
    status: Status
    output: str
    output_format: Format = "md"
    visibility: Visibility = "visible"
    extra_data: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if not (math.isfinite(self.max_score) and 0 <= self.score <= self.max_score):
            raise ValueError(f"{self.number}: {self.score} of {self.max_score} points")


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said about one submission."""

    score: float
    tests: tuple[Test, ...]
    output: str = ""
    output_format: Format = "md"
    execution_time: float = 0.0
    """Seconds."""
    visibility: Visibility = "visible"
    stdout_visibility: Visibility = "hidden"
    extra_data: dict[str, Any] = {}

    @property
    def max_score(self) -> float:
        """The sum of the tests' points; not a field of the format."""
        return round(math.fsum(test.max_score for test in self.tests), 6)


def from_verdicts(
    verdicts: Iterable[Verdict], *, output: str = "", extra: dict[str, Any] | None = None, execution_time: float = 0.0
) -> Results:
    """The results for these verdicts; texts are clipped and fit for JSON. Raises ValueError for points that cannot
    be."""
    verdicts = list(verdicts)
    tests = tuple(
        Test(
            number=verdict.number,
            name=verdict.title,
            score=verdict.score,
            max_score=verdict.max_score,
            status="passed" if verdict.passed else "failed",
            output=clean(verdict.message),
            visibility=verdict.visibility,
            extra_data={
                "item": verdict.item,
                TITLE: verdict.about,
                "check": verdict.check,
                "misconception": verdict.misconception,
            }
            | ({PLACE: verdict.place} if verdict.place else {})
            | ({DETAILS: clean(verdict.details)} if verdict.details else {})
            | ({"needs_review": clean(verdict.needs_review)} if verdict.needs_review else {})
            | ({UNCHECKED: True} if verdict.fault else {})
            | ({FIGURES: dict(verdict.figures)} if verdict.figures else {})
            | ({PICTURES: msgspec.to_builtins(verdict.pictures)} if verdict.pictures else {}),
        )
        for verdict in verdicts
    )
    review = [
        {"number": test.number, "name": test.name, "reason": test.extra_data["needs_review"]}
        for test in tests
        if "needs_review" in test.extra_data
    ]
    return Results(
        score=round(math.fsum(test.score for test in tests), 6),
        tests=tests + tuple(_for_the_staff(verdicts)),
        output=clean(output),
        execution_time=execution_time,
        extra_data=_clean_all(extra or {}) | {"needs_review": review},
    )


def _for_the_staff(verdicts: Iterable[Verdict]) -> Iterator[Test]:
    """A test that students never see, where a person has to look at something: what and why, and the tracebacks of the
    grader's own failures, each once. (Gradescope shows the extra data to nobody.)"""
    reasons: dict[str, list[Verdict]] = {}
    traces: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.needs_review or verdict.fault:
            reasons.setdefault(verdict.needs_review or "the grader failed", []).append(verdict)
        if verdict.fault and verdict.fault not in verdict.needs_review:  # a missing package has no traceback
            traces.setdefault(verdict.fault, []).append(verdict.number)
    if not reasons:
        return
    listed = [
        f"- {', '.join(f'{each.number} {each.title}' for each in of)}: {quote(why)}" for why, of in reasons.items()
    ]
    shown = ["\n".join(listed)]
    for trace, numbers in traces.items():
        # Indented: code in Markdown, whatever it holds.
        lines = "\n".join(f"    {line}" for line in clean(trace).split("\n"))
        shown.append(f"At {', '.join(numbers)} the grader failed:\n\n{lines}")
    yield _hidden(f"For the course staff: {sum(map(len, reasons.values()))} to look at", "\n\n".join(shown))


def for_the_staff(results: Results, reason: str) -> Results:
    """The results with one more thing for a person to look at, which belongs to no check."""
    review = {"number": "", "name": "the submission", "reason": clean(reason)}
    return msgspec.structs.replace(
        results,
        tests=(*results.tests, _hidden("For the course staff: the submission", f"- {quote(reason)}")),
        extra_data=results.extra_data | {"needs_review": [*results.extra_data.get("needs_review", ()), review]},
    )


def _hidden(name: str, output: str) -> Test:
    return Test(
        number=GRADER,
        name=name,
        score=0.0,
        max_score=0.0,
        status="failed",
        output=clean(output),
        visibility="hidden",
        extra_data={"item": GRADER},
    )


def cannot_be_read(reason: str) -> Test:
    """A single test that says why nothing can be checked."""
    return Test(
        number=NOTEBOOK,
        name="The submission holds a notebook that can be read",
        score=0.0,
        max_score=0.0,
        status="failed",
        output=clean(reason),
        extra_data={"item": NOTEBOOK},
    )


def encode(results: Results) -> bytes:
    """The JSON that Gradescope reads."""
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"


def decode(text: bytes) -> Results:
    """Results from JSON. Raises ResultsError."""
    try:
        return msgspec.json.decode(text, type=Results)
    except msgspec.DecodeError as error:
        raise ResultsError(f"not a results.json: {error}") from None


class UnwritableResults(OSError):
    """The results cannot be written."""


class ResultsFile:
    """A results.json that is whole at every moment: each write replaces it in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, results: Results) -> None:
        """Writes the file. Raises UnwritableResults."""
        try:
            place(self.path, encode(results))
        except OSError as error:
            raise UnwritableResults(*error.args) from error


def clean(text: str) -> str:
    """The text without characters that JSON or a terminal cannot show, cut where it is too long."""
    whole = "".join(character for character in text.encode("utf-8", "replace").decode() if is_harmless(character))
    return whole if len(whole) <= LONGEST_OUTPUT else whole[:LONGEST_OUTPUT] + "\n\n(cut here)"


def is_harmless(character: str) -> bool:
    """Whether it is neither a control character nor one that turns the direction of writing, which makes one text look
    like another."""
    return character in "\n\t" or (unicodedata.category(character) != "Cc" and character not in DIRECTIONS)


def _clean_all(value: Any) -> Any:
    """Does the same with every text inside plain data."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): _clean_all(each) for key, each in value.items()}
        case list() | tuple():
            return [_clean_all(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def said_below(results: "Results") -> str:
    """The text about the whole submission, without the sentences at its top."""
    first = results.extra_data.get(FIRST, "")
    return results.output.removeprefix(first).strip() if isinstance(first, str) else results.output
