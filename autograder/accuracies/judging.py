"""Judges the report's figures: are they there, can they be, and did the notebook's own runs print them."""

from collections.abc import Iterable
from itertools import combinations

from autograder.accuracies.evidence import UNTOLD, Evidence, read_evidence
from autograder.accuracies.figures import Figure
from autograder.accuracies.labels import CLIP, METHODS, NAMES
from autograder.notebook import Notebook
from autograder.verdicts import Finding

# Percent, after rounding to whole ones. The assignment: "Method I about 30 %, Method II above 40 %, Method III the
# worst of
# the three", and "75 % or more, and well above the autoencoder's" for the probe on CLIP.
METHOD_1 = (25, 40)
METHOD_2_LEAST = 40
CLIP_LEAST = 75
CLIP_ABOVE = 20

OK = Finding(passed=True, message="")


def judge_report(notebook: Notebook) -> dict[str, dict[str, Finding]]:
    """Item to check to finding, for the items `report_ae` and `report_clip`."""
    evidence = read_evidence(notebook)
    return {
        "report_ae": {
            "reported": _reported(METHODS, evidence),
            "plausible": _missing(METHODS, evidence) or _plausible_methods(evidence.reported),
            "printed": _missing(METHODS, evidence) or _printed(METHODS, evidence),
        },
        "report_clip": {
            "reported": _reported((CLIP,), evidence),
            "plausible": _missing((CLIP,), evidence) or _plausible_clip(evidence.reported),
            "printed": _missing((CLIP,), evidence) or _printed((CLIP,), evidence),
        },
    }


def _reported(names: Iterable[str], evidence: Evidence) -> Finding:
    absent = [name for name in names if name not in evidence.reported]
    if not absent:
        return OK
    example = "Linear probe on CLIP's image encoder: ... %" if absent == [CLIP] else f"{NAMES[absent[0]]}: ... %"
    return _wrong(
        "report-missing",
        f"The report does not give the test accuracy of {_listed(NAMES[name] for name in absent)}. "
        f"Run the notebook and write the figure into the report section, one line each, such as “{example}”.",
    )


def _missing(names: Iterable[str], evidence: Evidence) -> Finding | None:
    if all(name in evidence.reported for name in names):
        return None
    return _wrong("report-missing", "This cannot be checked while the report lacks a figure, see above.")


def _plausible_methods(reported: dict[str, Figure]) -> Finding:
    figures = [reported[name] for name in METHODS]
    if _fit(figures):
        return OK
    given = ", ".join(f"{NAMES[name]} {_percent(reported[name])}" for name in METHODS)
    for one, other in combinations(range(3), 2):
        exchanged = list(figures)
        exchanged[one], exchanged[other] = figures[other], figures[one]
        if _fit(exchanged):
            return _wrong(
                "report-swapped",
                f"You report {given}. With the figures of {NAMES[METHODS[one]]} and {NAMES[METHODS[other]]} "
                f"exchanged this "
                "would fit: check which run printed which.",
            )
    first, second, third = (round(figure.percent) for figure in figures)
    if third >= min(first, second) and METHOD_1[0] <= first <= METHOD_1[1] and second >= METHOD_2_LEAST:
        return _wrong(
            "report-method-iii-not-worst",
            f"You report {given}. A random encoder that never learns should be the worst of the three: check that "
            f"Method III "
            "gets a new encoder and `supervised=False`, and that Method I gets the one that the autoencoder has "
            "trained.",
        )
    return _wrong("report-out-of-band", f"You report {given}. {' '.join(_outside(first, second, third))}")


def _outside(first: int, second: int, third: int) -> Iterable[str]:
    if not METHOD_1[0] <= first <= METHOD_1[1]:
        yield (
            "Method I is expected at about 30 %: a figure far off usually means that the autoencoder was not trained "
            "long "
            "enough, or that another encoder was used."
        )
    if second < METHOD_2_LEAST:
        yield (
            "Method II is expected above 40 %: a lower figure usually means that the encoder did not learn, or that "
            "training "
            "ended early."
        )
    if second > 100 or third < 0:
        yield "An accuracy lies between 0 and 100 %."
    if third >= min(first, second):
        yield "Method III is expected to be the worst of the three."


def _fit(figures: list[Figure]) -> bool:
    exact = [figure.percent for figure in figures]
    first, second, _ = map(round, exact)
    return (
        METHOD_1[0] <= first <= METHOD_1[1]
        and METHOD_2_LEAST <= second <= 100
        and exact[2] < min(exact[:2])
        and exact[1] >= exact[0]
    )


def _plausible_clip(reported: dict[str, Figure]) -> Finding:
    figure = reported[CLIP]
    if not CLIP_LEAST <= round(figure.percent) <= 100:
        return _wrong(
            "report-clip-below-75",
            f"You report {_percent(figure)} for the linear probe on CLIP's image encoder; 75 % or more is expected. "
            f"A lower "
            "figure usually means that the encoder did not start from the ImageNet weights, that it was trained "
            "further by "
            "the probe, or that the images were not prepared as in training.",
        )
    frozen = [reported[name] for name in (METHODS[0], METHODS[2]) if name in reported]
    if any(figure.percent < other.percent + CLIP_ABOVE for other in frozen):
        return _wrong(
            "report-clip-not-above",
            f"You report {_percent(figure)} for the linear probe on CLIP's image encoder, which should be well above "
            f"the "
            f"autoencoder's {_listed(_percent(other) for other in frozen)}: check which run printed which.",
        )
    return OK


def _printed(names: Iterable[str], evidence: Evidence) -> Finding:
    if not evidence.has_outputs:
        return _wrong(
            "report-no-outputs",
            "The notebook has no saved outputs, so nothing shows where the figures come from. Run it from top to "
            "bottom, save "
            "it with its outputs, and hand that in.",
        )
    findings = [finding for name in names if not (finding := _printed_one(name, evidence)).passed]
    if not findings:
        return OK
    return _wrong(str(findings[0].misconception), "\n\n".join(finding.message for finding in findings))


def _printed_one(name: str, evidence: Evidence) -> Finding:
    """Of figures whose owner is not known each may be the one: a wrong accusation is worse than none."""
    figure = evidence.reported[name]
    own = evidence.printed.get(name, ())
    if any(figure.agrees(each) for each in (*own, *evidence.printed.get(UNTOLD, ()))):
        return OK
    said = f"You report {_percent(figure)} for {NAMES[name]}"
    others = [
        other
        for other, printed in evidence.printed.items()
        if other != name and any(figure.agrees(each) for each in printed)
    ]
    if others:
        return _wrong(
            "report-printed-for-other-method",
            f"{said}, but in the saved outputs that figure belongs to {_listed(NAMES[other] for other in others)}"
            + (f"; the run of {NAMES[name]} printed {_listed(each.text for each in own[-3:])}." if own else "."),
        )
    seen = f"the run printed {_listed(each.text for each in own[-3:])}" if own else "no saved output shows it"
    return _wrong(
        "report-never-printed",
        f"{said}, but {seen}. Copy the figure from the output of the run, and hand the notebook in with that output "
        f"saved.",
    )


def _wrong(slug: str, message: str) -> Finding:
    return Finding(passed=False, message=message, misconception=slug)


def _percent(figure: Figure) -> str:
    return f"{figure.percent:g} %"


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
