"""Judges the report's figures: are they there, can they be, and did the notebook's own runs print them."""

from collections.abc import Iterable, Mapping
from itertools import combinations

import msgspec

from autograder.ps7.student.report.evidence import UNTOLD, Evidence, read_evidence
from autograder.ps7.student.report.expectations import Expectations, ReportItem, expectations
from autograder.ps7.student.report.figures import Figure
from autograder.student.grading.rubric import Item
from autograder.student.grading.verdicts import Finding
from autograder.student.submission.notebook import Notebook

OK = Finding(passed=True, message="")


def accuracies(notebook: Notebook, item: Item) -> dict[str, Finding]:
    """The checks `reported`, `plausible` and `printed` of an item that `report.toml` describes. Raises RubricError."""
    asked = expectations()
    return _Report(asked, asked.items[item.name], read_evidence(notebook)).findings()


class _Report:
    """One item's figures beside what is expected of them."""

    def __init__(self, asked: Expectations, item: ReportItem, evidence: Evidence) -> None:
        self._asked, self._item, self._evidence = asked, item, evidence
        self._figures = {name: evidence.reported[name] for name in item.examples if name in evidence.reported}

    def findings(self) -> dict[str, Finding]:
        if len(self._figures) < len(self._item.examples):
            waiting = "This cannot be checked while the report lacks a figure, see above."
            missing = Finding(passed=False, message=waiting, misconception="report-missing")
            return {"reported": self._noting(self._missing()), "plausible": missing, "printed": missing}
        return {"reported": self._noting(OK), "plausible": self._plausible(), "printed": self._printed()}

    def _noting(self, finding: Finding) -> Finding:
        return msgspec.structs.replace(
            finding, figures={name: figure.percent for name, figure in self._figures.items()}
        )

    def _wrong(self, slug: str, **values: object) -> Finding:
        return Finding(passed=False, message=self._asked.mistakes[slug].format(**values), misconception=slug)

    def _missing(self) -> Finding:
        absent = [name for name in self._item.examples if name not in self._figures]
        names = _listed(self._asked.names[name] for name in absent)
        return self._wrong("report-missing", names=names, example=self._item.examples[absent[0]])

    def _plausible(self) -> Finding:
        known = self._evidence.reported
        failing = [each for each in self._item.expected if not each.holds(known)]
        if not failing:
            return OK
        given = _given(self._figures, self._asked.names)
        for one, other in combinations(self._figures, 2):
            exchanged = {**known, one: known[other], other: known[one]}
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

    def _printed(self) -> Finding:
        if not self._evidence.has_outputs:
            return self._wrong("report-no-outputs")
        findings = [finding for name in self._figures if not (finding := self._printed_one(name)).passed]
        if not findings:
            return OK
        message = "\n\n".join(finding.message for finding in findings)
        return Finding(passed=False, message=message, misconception=findings[0].misconception)

    def _printed_one(self, name: str) -> Finding:
        """Of figures whose owner is not known each may be the one: a wrong accusation is worse than none."""
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


def _percent(figure: Figure) -> str:
    return f"{figure.percent:g} %"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
