"""What a notebook says about its accuracies: in its report, and in the saved outputs of its runs."""

import functools
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from autograder.ps7.student.report.expectations import expectations
from autograder.ps7.student.report.figures import Figure
from autograder.ps7.student.report.handed_out import without_handed_out
from autograder.ps7.student.report.labels import CLIP, METHODS
from autograder.ps7.student.report.parts import Part, parts
from autograder.ps7.student.report.printed import UNTOLD, printed_accuracies
from autograder.ps7.student.report.roles import NO_RESULTS
from autograder.ps7.student.report.sentences import NOTHING
from autograder.ps7.student.report.statements import BELOW, LOOSE, SHARED, Statement, statements
from autograder.student.submission.notebook import Cell, Notebook

MOST_CHARACTERS = 1_000_000
"""Ten times as much as the longest honest notebook; reading it takes seconds."""
MOST_OTHERS = 3
_BONUS = {"test": 2, "accuracy": 1}
Printed = Mapping[str, tuple[Figure, ...]]


class Reported(msgspec.Struct, frozen=True):
    """A figure of the report, as it was read."""

    figure: Figure
    line: str
    """The student's own line."""
    place: tuple[int, int]
    """The place of the figure in the line."""
    role: str = ""
    others: tuple["Reported", ...] = ()
    """Other figures that may be meant."""


class Evidence(msgspec.Struct, frozen=True):
    """The keys are "method_1", "method_2", "method_3" and "clip"."""

    reported: dict[str, Reported]
    passed_over: dict[str, Reported]
    """For keys that are not reported: a figure that stands beside them and is described as something else."""
    printed: dict[str, tuple[Figure, ...]]
    """Printed figures by key; UNTOLD is among the keys."""
    has_outputs: bool
    """Whether the notebook was saved with any output of code at all."""


class _Candidate(msgspec.Struct, frozen=True):
    """A statement with its place."""

    said: Statement
    part: Part
    number: int
    together: bool
    """Whether the part says something about all three methods."""
    agrees: bool
    """Whether a run printed the figure."""

    @property
    def evident(self) -> tuple[int, ...]:
        """The strength of its evidence, without what the runs printed."""
        said, bonus = self.said, _BONUS.get(self.said.role, 0)
        whole = self.together or said.label == CLIP
        return said.strength + bonus, bonus, said.certain, whole, self.number

    @property
    def rank(self) -> tuple[object, ...]:
        """The rank; higher is better."""
        *beside, whole, number = self.evident
        return *beside, self.agrees, whole, number, -self.said.level, -self.said.start


@functools.lru_cache(maxsize=1)
def read_evidence(notebook: Notebook) -> Evidence:
    """Reads text and outputs; nothing is run. Several items ask for the same notebook."""
    cells = _last(notebook.cells)
    printed = printed_accuracies(cells)
    found = list(_candidates(cells, printed))
    reported = _chosen(found)
    return Evidence(
        reported=reported,
        passed_over={
            each.said.label: _reported(each)
            for each in found
            if each.said.role in NO_RESULTS and each.part.kind == "report" and each.said.label not in reported
        },
        printed=printed,
        has_outputs=any(output.strip() for cell in cells for output in cell.outputs),
    )


def _last(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The last cells, as many as the time allows to read."""
    read = 0
    for index in range(len(cells) - 1, -1, -1):
        read += len(cells[index].source) + sum(map(len, cells[index].outputs))
        if read > MOST_CHARACTERS:
            return cells[index + 1 :]
    return cells


def _candidates(cells: tuple[Cell, ...], printed: Printed) -> Iterator[_Candidate]:
    for number, part in enumerate(parts(cells)):
        own = without_handed_out(part.text) if part.kind in ("report", "text") else part.text
        said = [each for each in statements(own) if each.label]
        results = {each.label for each in said if each.strength >= SHARED and each.role not in NO_RESULTS}
        together = {*METHODS} <= results
        for each in said:
            agrees = _agrees(each, printed)
            copied = _is_copy(each) and not (agrees and together)
            mine = msgspec.structs.replace(each, role="copied") if copied else each
            yield _Candidate(mine, part, number, together, agrees)


def _is_copy(said: Statement) -> bool:
    """Whether the assignment's own words say the same."""
    given = expectations().assignment
    mine = given.values() if said.strength == LOOSE else [given.get(said.label)]
    return said.about and said.figure.percent in mine


def _agrees(said: Statement, printed: Printed) -> bool:
    """Whether a run printed the figure, and as exactly: a printed 0.32 says nothing about 31.9."""
    known = printed.get(said.label) or printed.get(UNTOLD, ())
    return any(
        said.figure.agrees(each) and (each.unit <= said.figure.unit or each.percent == said.figure.percent)
        for each in known
    )


def _chosen(found: list[_Candidate]) -> dict[str, Reported]:
    """First from the report; labels that it does not mention from other texts, then from printed text, then from
    code."""
    chosen: dict[str, Reported] = {}
    silent = {*METHODS, CLIP}
    # Where the last report was left blank, an earlier one may be the given text.
    blank = {
        each.said.label: each.number for each in found if each.said.figure == NOTHING and each.part.kind == "report"
    }
    found = [
        each
        for each in found
        if each.agrees or each.number >= blank.get(each.said.label, 0) or each.part.kind != "report"
    ]
    for kind in ("report", "code", "text", "printed"):
        mine = [each for each in found if each.part.kind == kind and each.said.label in silent and _counts(each)]
        taken: dict[tuple[int, int], str] = {}
        for each in sorted(mine, key=lambda each: each.rank, reverse=True):
            name, where = each.said.label, (each.number, each.said.start)
            if name in taken.values() or (each.said.strength == LOOSE and where in taken):
                continue
            taken[where] = name
            if each.said.figure != NOTHING:
                chosen[name] = _reported(
                    each, [other for other in mine if other.said.label == name and other.evident == each.evident]
                )
        if kind == "report":
            silent -= {each.said.label for each in found if each.part.kind == kind}
        silent -= {*chosen}
    return chosen


def _counts(each: _Candidate) -> bool:
    """Whether it may be the student's own result."""
    said = each.said
    if said.role in NO_RESULTS:
        return said.role == "target" and each.agrees and said.certain and said.figure.unit < 1
    if each.part.kind == "report" or said.figure == NOTHING:
        return each.part.kind == "report"
    whole = each.together or said.label == CLIP or each.part.kind == "code"
    return said.strength >= BELOW and ((said.form and whole) or (each.agrees and said.certain))


def _reported(each: _Candidate, level: Sequence[_Candidate] = ()) -> Reported:
    text, said = each.part.text, each.said
    start = text.rfind("\n", 0, said.start) + 1
    others = [_reported(other) for other in level if not other.said.figure.agrees(said.figure)]
    return Reported(
        said.figure,
        text[start:].split("\n", 1)[0],
        (said.start - start, said.end - start),
        said.role,
        tuple(others[:MOST_OTHERS]),
    )
