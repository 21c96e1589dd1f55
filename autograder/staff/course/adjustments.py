"""What the staff decide on one submission, after an appeal say: adjustments.toml.

[[adjustment]]
student = "ada@uni.example"       # e-mail, number, name, or the submission's name
item = "encoder"                  # and where it is of one check alone, check = "7.1.1.2"
points = 1.0                      # what it has then
reason = "A right way to write it that the grader does not know"
by = "J. B."
"""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder.student.output.results import Results, Test, clean

ADJUSTED = "adjusted"
"""In the extra data of results and tests: what the staff have decided, and the points that the grader had given."""


class AdjustmentError(Exception):
    """An adjustment is wrong as it is written; the message says which."""


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision."""

    student: str
    points: float
    reason: str
    by: str
    item: str = ""
    check: str = ""

    @property
    def key(self) -> str:
        """The digest of its content: it differs where the content is changed."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    @property
    def subject(self) -> str:
        """The submission and the check that it is about."""
        return self.check or self.item

    def concerns(self, test: Test) -> bool:
        """Whether it is about this check."""
        is_items = not self.item or test.extra_data.get("item") == self.item
        is_checks = not self.check or self.check in {test.number, test.extra_data.get("check")}
        return bool(test.max_score) and is_items and is_checks

    def before(self, results: Results) -> float:
        """The points that the grader gives there. Raises AdjustmentError where there is no such check, or where one
        check may be meant and there are several."""
        tests = [test for test in results.tests if self.concerns(test)]
        if not tests or (self.check and len(tests) > 1):
            told = "no check" if not tests else "several checks"
            raise AdjustmentError(f"the adjustment of {self.student}: {self.subject!r} is {told} of the rubric")
        most = math.fsum(test.max_score for test in tests)
        if self.points > most + 1e-9:
            raise AdjustmentError(
                f"the adjustment of {self.student}: {self.subject!r} has {most:g} points at most, not {self.points:g}"
            )
        return round(math.fsum(test.score for test in tests), 6)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    adjustment: tuple[Adjustment, ...] = ()


def read_adjustments(path: Path) -> tuple[Adjustment, ...]:
    """Reads the file. Raises AdjustmentError."""
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=_File).adjustment
    except (OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise AdjustmentError(f"{path}: {error}") from None
    for number, each in enumerate(read, start=1):
        if not (each.item or each.check):
            raise AdjustmentError(f"{path}: adjustment {number} names neither an item nor a check")
        if not (each.reason.strip() and each.by.strip() and each.student.strip()):
            raise AdjustmentError(f"{path}: adjustment {number} does not say for whom, why, or by whom")
        if not (math.isfinite(each.points) and each.points >= 0):
            raise AdjustmentError(f"{path}: adjustment {number} gives {each.points} points")
    return read


def with_adjustment(results: Results, adjustment: Adjustment) -> Results:
    """The results as the staff have decided: every sentence of the grader's stays, below the staff's. Raises
    AdjustmentError."""
    before = adjustment.before(results)
    tests = list(results.tests)
    concerned = [place for place, test in enumerate(tests) if adjustment.concerns(test)]
    scores = _shared(adjustment.points, [tests[place] for place in concerned])
    for place, score in zip(concerned, scores, strict=True):
        if tests[place].score != score or place == concerned[0]:
            tests[place] = _decided(tests[place], score, adjustment, is_first=place == concerned[0])
    said = {"subject": adjustment.subject, "points": adjustment.points, "before": before}
    said |= {"reason": adjustment.reason, "by": adjustment.by}
    return msgspec.structs.replace(
        results,
        tests=tuple(tests),
        score=round(math.fsum(test.score for test in tests), 6),
        extra_data=results.extra_data | {ADJUSTED: [*results.extra_data.get(ADJUSTED, ()), said]},
    )


def _shared(points: float, tests: Sequence[Test]) -> list[float]:
    """Distributes the points of an item over its checks: as the grader has them, changed from the first check on that
    can be changed."""
    scores = [test.score for test in tests]
    left = points - math.fsum(scores)
    for place, test in enumerate(tests):
        change = min(left, test.max_score - scores[place]) if left > 0 else max(left, -scores[place])
        scores[place] = round(scores[place] + change, 6)
        left -= change
    return scores


def _decided(test: Test, score: float, adjustment: Adjustment, *, is_first: bool) -> Test:
    told = clean(f"Decided by the course staff ({adjustment.by}): {adjustment.reason}")
    return msgspec.structs.replace(
        test,
        score=score,
        status="passed" if score >= test.max_score - 1e-9 else "failed",
        output="\n\n".join(filter(None, [told if is_first else "", test.output])),
        extra_data=test.extra_data | {ADJUSTED: {"before": test.score}},
    )
