"""Judges the accuracies that a submission's own code reaches, and compares them with its report and its saved
outputs."""

import math
import time
from collections.abc import Iterator, Sequence
from functools import cache

from autograder.guest.outcomes import Ended, Fault, Raised
from autograder.ps7.staff.reproduction.calibration import Band, Calibration, read
from autograder.ps7.staff.reproduction.measuring import ADVANTAGE, LEANS_ON, MEASURES, Measured, Say, Stopped, Training
from autograder.ps7.staff.reproduction.picturing import losses
from autograder.ps7.staff.reproduction.proportions import percent, with_interval
from autograder.ps7.staff.reproduction.weights import compared, recompute
from autograder.ps7.student.datasets.archive import Dataset
from autograder.ps7.student.datasets.locating import find
from autograder.ps7.student.report.evidence import Evidence, read_evidence
from autograder.ps7.student.report.expectations import expectations
from autograder.student.grading import messages
from autograder.student.grading.judge import not_checked
from autograder.student.grading.reproduction import NotRun, Subject
from autograder.student.grading.rubric import Item
from autograder.student.grading.verdicts import Finding
from autograder.student.program import why_missing
from autograder.student.submission.locating import UnreadableSubmission

SEED = 7
PATIENCE = 4.0
"""How many times longer than the reference an honest solution may take."""
RESERVE = 15.0
"""Seconds that are kept for the work that follows."""
HEAD = "| | reported | in your outputs | reproduced | reference: mean (least accepted) |\n|---|---|---|---|---|"
COUNTS_ELSEWHERE = "The points of this check go to the other checks of this item."
OTHER_NAMES = {
    ADVANTAGE: "Method I minus Method III, in percentage points",
    "clip": "Linear probe on CLIP",
    "retrieval": "Retrieval by caption",
}


def reproduction_on(name: str) -> "Reproduction":
    """Reproduces on the data set of that name. Raises DatasetError."""
    dataset = find(name)
    return Reproduction(dataset, read(dataset), name)


@cache
def _kept(name: str) -> "Reproduction":
    """In a worker: the reproduction for all submissions that it grades."""
    return reproduction_on(name)


class Reproduction:
    """Called with an item and a submission whose other items have been judged; returns a Finding."""

    def __init__(self, dataset: Dataset, calibration: Calibration, name: str = "") -> None:
        self._dataset, self._calibration, self._name = dataset, calibration, name
        self.say: Say = lambda _: None

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled by its name, because it holds an open file."""
        return _kept, (self._name,)

    @property
    def work(self) -> float:
        """The time that one submission takes, in units of the sandbox's fixed piece of work."""
        return math.fsum(self._calibration.work[item] for item in self.items)

    @property
    def items(self) -> list[str]:
        """The items whose figures can be compared with the reference's on this data set."""
        return [item for item in MEASURES if item in self._calibration.work]

    def __call__(self, item: Item, subject: Subject) -> Finding | NotRun:
        """Raises SandboxError and DatasetError."""
        if wrong := subject.wrong_among(LEANS_ON[item.name]):
            return NotRun(
                f"Not run: {_listed(wrong)} lost points, and each mistake costs points only once. {COUNTS_ELSEWHERE}"
            )
        usual = self._calibration.work[item.name] * subject.sandbox.unit
        patience = PATIENCE * usual
        seconds = min(patience, subject.clock.left - RESERVE)
        if seconds < usual:
            return _for_want_of_time(f"only {max(seconds, 0):.0f} s were left, and this takes about {usual:.0f} s here")
        started = time.monotonic()
        try:
            measured = MEASURES[item.name](
                Training(
                    dataset=self._dataset,
                    program=subject.program(LEANS_ON[item.name]),
                    sandbox=subject.sandbox,
                    budget=self._calibration.budget,
                    seed=SEED,
                    seconds=seconds,
                    say=self.say,
                    pictured=True,
                )
            )
        except Stopped as stopped:
            if isinstance(stopped.outcome, Ended) and time.monotonic() - started >= seconds:
                said = f"it had not finished after {seconds:.0f} s; the reference takes {usual:.0f} s here"
                return _for_want_of_time(said) if seconds < patience else _too_slow(said)
            return self._stopped(stopped, subject)
        return self._compared(item, measured, subject)

    def _submitted(self, item: Item, subject: Subject) -> tuple[str, str]:
        """What the handed-in weights reach, as markdown, and why a person should look at it. They were trained on real
        images, so nothing is said on synthetic ones."""
        if item.name != "report_ae" or not subject.submission.weights or self._dataset.about.synthetic:
            return "", ""
        training = Training(
            dataset=self._dataset,
            program=subject.program(("encoder", "train_classifier")),
            sandbox=subject.sandbox,
            budget=self._calibration.budget,
            seed=SEED,
            seconds=max(1.0, subject.clock.left - RESERVE),
            say=self.say,
        )
        try:
            return compared(
                recompute(training, subject.submission.weights),
                subject.submission.notebook,
                self._dataset.count("test"),
            )
        except (Stopped, UnreadableSubmission):
            return "", "the submitted weights could not be tested."

    def _compared(self, item: Item, measured: Measured, subject: Subject) -> Finding:
        known = self._calibration.bands
        below = [name for name, value in measured.figures.items() if value < known[name].least]
        evidence, tested = read_evidence(subject.submission.notebook), self._dataset.count("test")
        rows = [_row(name, value, known[name], evidence, tested) for name, value in measured.figures.items()]
        too_low = [
            f"{_name(name)}: your code reaches {_amount(name, measured.figures[name])}, and "
            f"{_amount(name, known[name].least)} is the least that counts as right here."
            for name in below
        ]
        table = "\n".join([HEAD, *(f"| {' | '.join(row)} |" for row in rows)])
        handed_in, review = self._submitted(item, subject)
        message = "\n\n".join(filter(None, [*too_low, table, self._how(), handed_in]))
        return Finding(
            passed=not below,
            message=message,
            misconception="reproduced-below-the-reference" if below else None,
            needs_review=review,
            pictures=(*losses(measured.trajectories, self._calibration.trajectories), *measured.pictures),
        )

    def _how(self) -> str:
        """A sentence on which code ran on which data."""
        about, count = self._dataset.about, self._dataset.count
        kind = f"the synthetic images “{about.name}”" if about.synthetic else f"“{about.name}”"
        return (
            f"The grader trained your own code on {kind} ({count('unlabeled'):,} unlabeled, "
            f"{count('train'):,} training and {count('test'):,} test images) for fewer epochs than yours, so "
            "the figures need not be those of your report."
        )

    def _stopped(self, stopped: Stopped, subject: Subject) -> Finding:
        if isinstance(stopped.outcome, Fault):
            return not_checked(stopped.outcome)
        text = messages.no_reply(
            stopped.outcome, lambda name: why_missing(subject.submission.outline, name, subject.rubric.asked)
        )
        where = "Trained on real images, your code did not finish." if isinstance(stopped.outcome, Raised) else ""
        return Finding(passed=False, message=f"{where}\n\n{text}".strip(), misconception="reproduction-failed")


def _for_want_of_time(reason: str) -> NotRun:
    return NotRun(f"Not finished: {reason}. {COUNTS_ELSEWHERE}", needs_review=f"not reproduced: {reason}.")


def _too_slow(reason: str) -> Finding:
    message = (
        f"The grader trained your code and stopped it: {reason}. Look for what makes a minibatch slow: a `sleep`, "
        "images that are read or drawn in every minibatch, a loop over single images."
    )
    return Finding(passed=False, message=message, misconception="reproduction-failed")


def _listed(titles: Sequence[str]) -> str:
    """A list of titles: “A”, “B” and “C”."""
    quoted = [f"“{title}”" for title in titles]
    return " and ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _row(name: str, value: float, band: Band, evidence: Evidence, tested: int) -> Iterator[str]:
    yield _name(name)
    read = evidence.reported.get(name)
    reported = read.figure if read else None
    yield f"{reported.percent:g} %" if reported else "-"
    printed = [figure for figure in evidence.printed.get(name, ()) if reported is None or figure.agrees(reported)]
    yield f"{printed[-1].percent:g} %" if printed else "-"
    yield with_interval(value, tested) if name in expectations().names else _amount(name, value)
    yield f"{_amount(name, band.mean)} ({_amount(name, band.least)})"


def _amount(figure: str, value: float) -> str:
    """A figure in percent; a difference of two accuracies in percentage points, as its name says."""
    return f"{100 * value:.1f}" if figure == ADVANTAGE else percent(value)


def _name(figure: str) -> str:
    return OTHER_NAMES.get(figure) or expectations().names[figure]
