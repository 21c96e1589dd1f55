"""Judges the report's figures: are they there, are they possible, and did the notebook's own runs print them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product

import msgspec

from autograder.ps7.student.report.evidence import MOST_OTHERS, Evidence, Reported, read_evidence
from autograder.ps7.student.report.expectations import Expectations, ReportItem, expectations
from autograder.ps7.student.report.figures import Figure
from autograder.ps7.student.report.printed import UNTOLD
from autograder.student.grading.messages import quote
from autograder.student.grading.rubric import Item
from autograder.student.grading.verdicts import Finding
from autograder.student.submission.notebook import Notebook

OK = Finding(passed=True, message="")
AROUND = 80
"""How many characters of a line are shown on either side of a figure."""
MOST_READINGS = 16


def accuracies(notebook: Notebook, item: Item) -> dict[str, Finding]:
    """The checks `reported`, `plausible` and `printed` of an item that `report.toml` describes. Raises RubricError."""
    asked, evidence = expectations(), read_evidence(notebook)
    mine = asked.items[item.name]
    place = _place(notebook, [read for name, read in evidence.reported.items() if name in mine.examples])
    findings = _in_favour(asked, mine, evidence)
    return {name: msgspec.structs.replace(finding, place=place) for name, finding in findings.items()}


def _in_favour(asked: Expectations, mine: ReportItem, evidence: Evidence) -> dict[str, Finding]:
    """Of several readings with the same strength of evidence, a reading that is right counts."""
    first, *others = (
        _Report(asked, mine, evidence, reading).findings() for reading in _readings(evidence.reported, mine)
    )
    if all(finding.passed for finding in first.values()):
        many = any(len(read.others) >= MOST_OTHERS for name, read in evidence.reported.items() if name in mine.examples)
        return _reviewed(first, "the report gives many figures for one method.") if many else first
    right = next((each for each in others if all(finding.passed for finding in each.values())), None)
    if right is None:
        return first
    return _reviewed(right, "the report can be read in more than one way; the grader took the reading that is right.")


def _place(notebook: Notebook, read: Sequence[Reported]) -> str:
    """The last cell that holds the first of these lines."""
    for cell in reversed(notebook.cells):
        if read and read[0].line.strip() in cell.source:
            return f"{'code' if cell.kind == 'code' else 'text'} cell {cell.number}"
    return ""


def _reviewed(findings: Mapping[str, Finding], why: str) -> dict[str, Finding]:
    return {name: msgspec.structs.replace(finding, needs_review=why) for name, finding in findings.items()}


def _readings(reported: Mapping[str, Reported], item: ReportItem) -> Iterator[Mapping[str, Reported]]:
    """First the report as it was read, then with other figures of this item that have the same strength of evidence."""
    choices = [[each, *each.others] for name, each in reported.items() if name in item.examples]
    names = [name for name in reported if name in item.examples]
    for chosen in islice(product(*choices), MOST_READINGS):
        yield {**reported, **dict(zip(names, chosen, strict=True))}


class _Report:
    """One item's figures beside the expected ones."""

    def __init__(
        self, asked: Expectations, item: ReportItem, evidence: Evidence, reading: Mapping[str, Reported]
    ) -> None:
        self._asked, self._item, self._evidence = asked, item, evidence
        self._known = {name: self._exact(name, read.figure) for name, read in reading.items()}
        self._read = {name: reading[name] for name in item.examples if name in reading}
        self._figures = {name: read.figure for name, read in self._read.items()}

    def findings(self) -> dict[str, Finding]:
        if len(self._figures) < len(self._item.examples):
            waiting = "This can be checked once the report has all its figures, see above."
            missing = Finding(passed=False, message=waiting, misconception="report-missing")
            return {"reported": self._noting(self._missing()), "plausible": missing, "printed": missing}
        return {
            "reported": self._noting(Finding(passed=True, message=self._as_read())),
            "plausible": self._plausible(),
            "printed": self._printed(),
        }

    def _exact(self, name: str, figure: Figure) -> Figure:
        """The figure as its run printed it, where that agrees: two rounded figures may not show which one is larger."""
        agreeing = [each for each in self._evidence.printed.get(name, ()) if figure.agrees(each)]
        return min(agreeing, key=lambda each: each.unit, default=figure)

    def _noting(self, finding: Finding) -> Finding:
        return msgspec.structs.replace(
            finding, figures={name: figure.percent for name, figure in self._figures.items()}
        )

    def _wrong(self, slug: str, **values: object) -> Finding:
        return Finding(passed=False, message=self._asked.mistakes[slug].format(**values), misconception=slug)

    def _missing(self) -> Finding:
        absent = [name for name in self._item.examples if name not in self._figures]
        example = self._item.examples[absent[0]]
        finding = self._wrong(
            "report-missing", names=_listed(self._asked.names[name] for name in absent), example=example
        )
        seen = [self._passed_over(name, each) for name in absent if (each := self._evidence.passed_over.get(name))]
        return msgspec.structs.replace(
            finding, message="\n\n".join([finding.message, *seen, *filter(None, [self._as_read()])])
        )

    def _passed_over(self, name: str, read: Reported) -> str:
        what = self._asked.passed_over[read.role]
        return (
            f"Next to {self._asked.names[name]} your report has {quote(read.figure.text)}, {what}:\n\n{_quoted(read)}"
        )

    def _as_read(self) -> str:
        """Every figure in the student's own line, so that a wrong reading can be seen at once."""
        rows = [
            f"- {self._asked.names[name]}, {_percent(read.figure)}: {_quoted(read)}"
            for name, read in self._read.items()
        ]
        return "\n".join(["The grader read the figures from these lines of your notebook:", "", *rows]) if rows else ""

    def _plausible(self) -> Finding:
        known = self._known
        failing = [each for each in self._item.expected if not each.holds(known)]
        if not failing:
            return OK
        given = _given(self._figures, self._asked.names)
        for one, other in combinations(self._figures, 2):
            exchanged = {**known, one: known[other], other: known[one]}
            if self._printed_as_they_are(one, other):
                continue
            if all(each.holds(exchanged) for each in self._item.expected):
                names = self._asked.names
                return self._wrong("report-swapped", given=given, one=names[one], other=names[other])
        sentences = [
            each.sentence.format(others=_listed(_percent(known[name]) for name in each.more_than if name in known))
            if each.more_than
            else each.sentence
            for each in failing
        ]
        message = f"You report {given}. {' '.join(dict.fromkeys(sentences))}"
        return Finding(passed=False, message=message, misconception=failing[0].mistake)

    def _printed_as_they_are(self, *names: str) -> bool:
        """Whether the run of one of them printed the reported figure: then the report has not exchanged anything."""
        printed = self._evidence.printed
        return any(self._figures[name].agrees(each) for name in names for each in printed.get(name, ()))

    def _printed(self) -> Finding:
        if not self._evidence.has_outputs:
            return self._wrong("report-no-outputs")
        findings = [finding for name in self._figures if not (finding := self._printed_one(name)).passed]
        if not findings:
            return OK
        message = "\n\n".join(finding.message for finding in findings)
        return Finding(passed=False, message=message, misconception=findings[0].misconception)

    def _printed_one(self, name: str) -> Finding:
        """A figure whose owner is not known may belong to any label: a wrong accusation is worse than none."""
        figure, printed, names = self._figures[name], self._evidence.printed, self._asked.names
        own = printed.get(name, ())
        if any(figure.agrees(each) for each in (*own, *printed.get(UNTOLD, ()))):
            return OK
        seen = _listed(each.text for each in own[-3:]) if own else ""
        others = [
            other for other, found in printed.items() if other != name and any(figure.agrees(each) for each in found)
        ]
        said = {"figure": _percent(figure), "name": names[name]}
        if others:
            belongs = _listed(names[other] for other in others)
            own_run = f"; the run of {names[name]} printed {seen}" if own else ""
            return self._wrong("report-printed-for-other-method", others=belongs, own=own_run, **said)
        return self._wrong(
            "report-never-printed", seen=f"the run printed {seen}" if own else "no saved output shows it", **said
        )


def _given(figures: Mapping[str, Figure], names: Mapping[str, str]) -> str:
    if len(figures) == 1:
        return " ".join(f"{_percent(figure)} for {names[name]}" for name, figure in figures.items())
    return ", ".join(f"{names[name]} {_percent(figure)}" for name, figure in figures.items())


def _quoted(read: Reported) -> str:
    """The student's line with the figure marked; of a long line the part around the figure."""
    start, end = read.place
    before, after = read.line[:start], read.line[end:]
    pieces = (
        f"... {before[-AROUND:]}" if len(before) > AROUND else before,
        f"{after[:AROUND]} ..." if len(after) > AROUND else after,
    )
    shown = [quote(piece, AROUND + 8) if piece.strip() else "" for piece in pieces]
    return " ".join(filter(None, (shown[0], f"**{quote(read.line[start:end])}**", shown[1])))


def _percent(figure: Figure) -> str:
    return f"{figure.percent:g} %"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
