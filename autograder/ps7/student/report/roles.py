"""Decides what kind of figure stands in a sentence: an accuracy on the test images, on other images, a loss, or an
expectation."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby

from autograder.ps7.student.report.binding import Separators
from autograder.ps7.student.report.figures import Found
from autograder.ps7.student.report.labels import Label
from autograder.ps7.student.report.words import Word

KINDS = ("others", "target", "train", "valid", "test", "loss", "accuracy", "result", "is")
"""The first kind counts for a word that has several."""
NO_RESULTS = frozenset({"others", "target", "bound", "train", "valid", "loss", "copied"})
TEST = "test"


def role_of(word: Word) -> str:
    """The kind of a word, a member of KINDS; "" where it has none."""
    return next((kind for kind in KINDS if kind in word.kinds), "")


def roles(figures: Sequence[Found], labels: Sequence[Label], words: Sequence[Word], apart: Separators) -> list[str]:
    """The role of each figure of a sentence: "test", one of NO_RESULTS, or "" where nothing tells it.

    A word belongs to the figure after it or before it, whichever is nearer. For figures after it, it counts up to the
    next word, the end of its bracket, and, where it follows a label, the next label; an expectation continues over
    labels.
    """
    given = ["bound" if figure.bound else "" for figure in figures]
    tokens = sorted(
        [(word.start, word, -1) for word in words] + [(each.start, None, index) for index, each in enumerate(figures)],
        key=lambda token: token[0],
    )
    runs = [(is_word, list(run)) for is_word, run in groupby(tokens, key=lambda token: token[1] is not None)]
    words_first = bool(runs) and runs[0][0]
    ahead: list[Word] = []
    for place, (is_word, run) in enumerate(runs):
        if not is_word:
            continue
        before = [index for _, _, index in runs[place - 1][1]] if place else []
        after = [index for _, _, index in runs[place + 1][1]] if place + 1 < len(runs) else []
        said = [word for _, word, _ in run if word]
        behind = _behind(said, figures, before, after, apart, ahead_if_level=words_first)
        if kind := resolved([role_of(word) for word in said[:behind]]):
            whole = len(before) > 1 and len(before) == len({label.name for label in labels}) and len(runs) == 2
            for index in before if whole else before[-1:]:
                given[index] = given[index] or kind
        ahead = said[behind:] or ahead
        for offset, index in enumerate(after):
            given[index] = given[index] or _ahead(ahead, figures[index], labels, apart, offset, len(after))
    return given


def resolved(kinds: Sequence[str]) -> str:
    """The kind that several words give together: "expected test accuracy" is an expectation, "as expected we got" is
    not."""
    state = ""
    for kind in kinds:
        if kind == "others" or (kind in NO_RESULTS | {TEST} and state not in {"others", "target"}):
            state = kind
        elif (kind, state) in {("result", "target"), ("accuracy", "loss")}:
            state = ""
    return state


def _behind(
    said: list[Word],
    figures: Sequence[Found],
    before: list[int],
    after: list[int],
    apart: Separators,
    *,
    ahead_if_level: bool,
) -> int:
    """How many of the words belong to the figure before them."""
    if not before:
        return 0
    for number, word in enumerate(said):
        back = apart.between(figures[before[-1]].end, word.start)
        if not after:
            if back > 1:
                return number
            continue
        on = apart.between(word.end, figures[after[0]].start)
        if back > on or (back == on and ahead_if_level):
            return number
    return len(said)


def _ahead(said: list[Word], figure: Found, labels: Sequence[Label], apart: Separators, offset: int, count: int) -> str:
    if not said:
        return ""
    several = list(dict.fromkeys(role_of(word) for word in said if role_of(word) in {"train", "valid", "test", "loss"}))
    kind = resolved([role_of(word) for word in said])
    if len(several) > 1 and count % len(several) == 0 and kind != "target":
        return several[offset % len(several)]
    by = next((word for word in reversed(said) if role_of(word) == kind), said[-1])
    if apart.bracket(by.start) not in (0, apart.bracket(figure.start)):
        return ""
    after_label = bool(labels) and labels[0].start < by.start
    starts = [label.start for label in labels]
    next_label = bisect_left(starts, by.end) < bisect_left(starts, figure.start)
    return "" if after_label and next_label and kind != "target" else kind
