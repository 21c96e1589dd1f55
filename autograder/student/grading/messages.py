"""Sentences for the student. Text that comes from the student's code is clipped, made harmless, and marked as the
student's."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from autograder.guest.outcomes import Ended, Missing, Outcome, Raised, Reply
from autograder.student.grading.bank import Description
from autograder.student.grading.compare import Difference
from autograder.student.grading.hints import hint

LONGEST_QUOTE = 300
GRADIENT_ALONE = (
    "The values are right; only the gradient is wrong. Look for what cuts the values off from `backward`: a `detach`, "
    "`.data`, `no_grad`, a new tensor made of their numbers, or a quantity that is treated as a constant."
)
LAYERS_RIGHT = (
    "In training mode the right layers run in the right order. Look for what else your code does to the numbers "
    "before, "
    "between or after the layers."
)
WRONG_HERE_TOO = (
    "Your code is right in the visible cases of this check, but wrong in a hidden case. The reason may be the mistake "
    "that the item's other checks show."
)
WRONG_ELSEWHERE = (
    "Your code is right for the inputs of the public cases, but not for others. The hidden inputs are not shown, and "
    "neither is what happens with them."
)
"""Replaces visible text about a hidden case. The student's code has seen a hidden input, and could send it out in an
exception, an exit code or a choice of wrong values. That the answer is wrong is one bit."""
MOST_FRAMES, MOST_TENSORS, MOST_AXES, MOST_LAYERS = 3, 12, 20, 30


def quote(text: object, longest: int = LONGEST_QUOTE) -> str:
    """Student text as inline code: one line, no backticks, no control characters, no addresses, clipped."""
    line = re.sub(r"\s+", " ", str(text)).strip()
    line = re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", line)
    line = "".join(character for character in line if character.isprintable()).replace("`", "'")
    return f"`{line[:longest]}{' ...' if len(line) > longest else ''}`" if line else "(nothing)"


def with_misconceptions(seen: str, misconceptions: Sequence[Description]) -> str:
    """What is wrong and where to look, then the evidence."""
    meant = [f"{each.shows} {each.look}".strip() for each in misconceptions]
    if len(meant) == 1:
        return f"{meant[0]}\n\n{seen}".strip()
    listed = "\n".join(f"- {each}" for each in meant)
    return f"Two mistakes together give exactly this result:\n\n{listed}\n\n{seen}".strip()


def as_above(title: str, mistakes: int = 1) -> str:
    """Stands in place of a text that another check of the item has already given."""
    return f"The same mistake{'s' if mistakes > 1 else ''} as above, under “{title}”."


def presupposed(title: str) -> str:
    """Why a check earns nothing although nothing is known against it."""
    return f"This check counts only once “{title}” is right."


def could_not_be_checked(package: str = "", *, again: bool = False) -> str:
    """For a failure of the grader's own code, or a package that it lacks. `again`: another check of the item has said
    it in full."""
    if again:
        return "This could not be checked either."
    if package:
        return (
            f"This could not be checked: your code uses the package {quote(package)}, which is not installed where "
            "grading runs. So your code is neither right nor wrong yet, and has no points until it is graded again. "
            "Please tell the course staff, who can install the package. "
            "torch, numpy, scipy and scikit-learn are installed."
        )
    return (
        "This could not be checked: the grader itself failed here, through no fault of your notebook. "
        "Please tell the course staff, who can see what went wrong."
    )


def no_reply(outcome: Outcome, why_missing: Callable[[str], str]) -> str:
    """Why the code gave no answer, in the student's words."""
    match outcome:
        case Missing(name=name, cause=None):
            return why_missing(name)
        case Missing(name=name, cause=cause):
            assert cause is not None
            return f"`{name}` is not defined, because its definition failed.\n\n{exception(cause)}"
        case Raised(kind="NameError", text=text):
            missing = re.match(r"name '(\w+)' is not defined", text)
            reason = f"\n\n{why_missing(missing[1])}" if missing else ""
            return exception(outcome) + reason
        case Raised(kind="Unusable", text=text, by_grader=True):
            return f"{_plain(text)} {hint(text)}".strip()
        case Raised(kind="Unusable", text=text):
            return f"The grader cannot use what your code gives: {quote(text.removesuffix('.'))}. {hint(text)}".strip()
        case Raised():
            return exception(outcome)
        case Ended(reason=reason):
            return f"No answer: {reason}."
        case _:
            return "Your code gave an answer where the reference gives none."


def exception(raised: Raised) -> str:
    """The exception, the last places in the student's cells, and the shapes of the tensors there."""
    text = f"Your code raised {quote(f'{raised.kind}: {raised.text}' if raised.text else raised.kind)}"
    meaning = f"\n\n{known}" if (known := hint(raised.text)) else ""
    if not raised.frames:
        return f"{text}.{meaning}"
    places = [
        f"- {_plain(frame.cell)}, line {frame.line}{_inside(frame.function)}: {quote(frame.source, 120)}"
        for frame in raised.frames[-MOST_FRAMES:]
    ]
    tensors = [*raised.frames[-1].shapes.items()][:MOST_TENSORS]
    shapes = ", ".join(f"{quote(name, 40)} {quote(shape, 60)}" for name, shape in tensors)
    return text + " in\n\n" + "\n".join(places) + (f"\n\nThe tensors there: {shapes}." if shapes else "") + meaning


def different(
    found: Sequence[Difference], names: Mapping[str, str], *, hidden: bool, known: Mapping[str, str] | None = None
) -> list[str]:
    """For each field, the expected value and the value that came. Hidden cases show no values. `known`: maps some
    fields to a sentence that is true of what came."""
    known = known or {}
    return [
        f"{_sentence(each, names[each.field], hidden=hidden)} {known.get(each.field, '')}".strip() for each in found
    ]


def paragraphs(*texts: str) -> str:
    """Those that are not empty, one below the other."""
    return "\n\n".join(filter(None, texts))


def clues(got: Reply, expected: Reply, fields: Sequence[str], sentences: Mapping[str, str]) -> str:
    """What else is wrong in a case, and may be the cause."""
    differing = [field for field in fields if field in sentences and got.facts.get(field) != expected.facts.get(field)]
    said = [
        sentences[field].format(got=_value(got.facts.get(field)), expected=_value(expected.facts[field]))
        for field in differing
    ]
    return " ".join(said)


def places(signs: Sequence[str]) -> str:
    """Where to look, without saying that it is the cause."""
    return "\n".join(["Worth a look:", "", *(f"- {sign}" for sign in signs)])


def beside(got: Reply, expected: Reply, field: str) -> str:
    """What the code also runs, of the kinds that do not run in the reference, where the replies list that."""
    mine, theirs = (reply.facts.get(field) for reply in (got, expected))
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return ""
    usual = {_kind(each) for each in theirs}
    listed = [f"- {_plain(each)}" for each in mine[:MOST_TENSORS] if _kind(each) not in usual]
    return "\n".join([" These also run:", "", *listed]) if listed else ""


def _kind(place: object) -> str:
    """The sentence for an operation that is listed with its place."""
    return re.split(r",| (?:before|after) layer", str(place))[0]


WRONG = "Wrong: "
BARE = re.compile(
    WRONG + r"[^\n]+?\. \d+ (values?|places?) differs? from the reference"
    r"(, by up to [^\n;]+?)?(; the first: expected \S+, got \S+?)?\.$",
    re.MULTILINE,
)


def says_numbers_alone(message: str) -> bool:
    """Whether the sentence only says how far off a value is, and does not help to find out why."""
    return message.startswith(WRONG) and not BARE.sub("", message).strip()


def _sentence(difference: Difference, name: str, *, hidden: bool) -> str:
    subject = f"{WRONG}{name}."
    if isinstance(difference.expected, bool) and not difference.places:
        return f"{subject} Expected {_yes(difference.expected)}, got {_yes(difference.got)}."
    if math.isnan(difference.distance) and not difference.places:
        return subject if hidden else f"{subject} {_unequal(difference)}"
    stands_for_things = isinstance(difference.expected, int)
    many = _count(difference.places, "place" if stands_for_things else "value")
    many += " differ" if difference.places > 1 else " differs"
    if math.isnan(difference.distance):
        return f"{subject} {many}; some of yours are not numbers (NaN)."
    is_measured = not stands_for_things and math.isfinite(difference.distance)
    seen = f"{many} from the reference" + (f", by up to {difference.distance:.3g}" if is_measured else "")
    if hidden:
        return f"{subject} {seen}."
    if not stands_for_things:
        seen += f"; the first: expected {difference.expected:.5g}, got {difference.got:.5g}"
    return f"{subject} {seen}."


def _unequal(difference: Difference) -> str:
    ours, theirs = difference.expected, difference.got
    if difference.is_shape and isinstance(theirs, list):
        if len(ours) == len(theirs) == 1:
            return f"Expected {_count(ours[0], 'value')}, got {theirs[0]}."
        return f"Expected {_shape(ours)}, got {_shape(theirs)}."
    if _is_shapes(ours) and _is_shapes(theirs):
        missing, extra = Counter(map(tuple, ours)), Counter(map(tuple, theirs))
        gone, added = missing - extra, extra - missing
        parts = [f"Missing: {_value([*map(list, gone.elements())])}"] if gone else []
        # With no other layer in their place, parameters with one axis do not belong to a norm.
        parts += ["those are biases"] if gone and not added and all(len(shape) == 1 for shape in gone) else []
        parts += [f"not expected: {_value([*map(list, added.elements())])}"] if added else []
        return "; ".join(parts) + "." if parts else "They come in another order."
    return f"Expected {_value(ours)}, got {_value(theirs)}."


def _shape(sizes: list[int]) -> str:
    return _value(sizes) if sizes else "a single number"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _is_shapes(value: Any) -> bool:
    """Whether it lists the shapes of several arrays."""
    return isinstance(value, list) and all(
        isinstance(row, list) and all(isinstance(size, int) for size in row) for row in value
    )


def layers(got: object, expected: object) -> str:
    """The layers that differ, side by side; "" where none is known or none differs."""
    if not isinstance(got, Reply) or not isinstance(expected, Reply):
        return ""
    ours, theirs = expected.facts.get("layers"), got.facts.get("layers")
    if not isinstance(ours, list) or not isinstance(theirs, list) or ours == theirs:
        return ""
    rows = ["| layer | expected | yours |", "|---|---|---|"]
    pairs = [*_aligned([*map(_plain, ours)], [*map(_plain, theirs[:MOST_LAYERS])])]
    for number, (left, right) in enumerate(pairs, start=1):
        mark = "missing" if not right else "not expected" if not left else "differs"
        if left != right:
            rows.append(f"| {number} | {left or '-'} | {right or '-'} **({mark})** |")
    alike = sum(left == right for left, right in pairs)
    rest = "The other layer is as expected." if alike == 1 else f"The other {alike} layers are as expected."
    return "\n".join(rows) + (f"\n\n{rest}" if alike else "")


def _aligned(ours: list[str], theirs: list[str]) -> Iterator[tuple[str, str]]:
    """Two lists side by side, with the same entries in the same row, as in a diff; "" where one list is empty."""
    for _, start, end, begin, stop in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        yield from zip_longest(ours[start:end], theirs[begin:stop], fillvalue="")


def _value(value: Any) -> str:
    """Text for a fact, or for a shape."""
    if isinstance(value, list) and 0 < len(value) <= MOST_AXES and all(isinstance(size, int) for size in value):
        return f"({', '.join(map(str, value))})"
    if isinstance(value, list):
        return quote(", ".join(f"({', '.join(map(str, row))})" if isinstance(row, list) else str(row) for row in value))
    return quote(value, 80)


def _yes(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else quote(value, 40)


def _inside(function: str) -> str:
    return f" in {quote(function, 60)}" if function not in {"", "<module>"} else ""


def _plain(text: object) -> str:
    """Text that the grader wrote and that passed through the guest."""
    kept = "".join(character for character in str(text) if character.isalnum() or character in " ,.->_")[:160]
    return re.sub(r"(?<!-)>", "", kept)
