"""Turns outcomes into findings: equal to the reference, equal to a misconception, or different in ways that can be
described."""

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from autograder.guest.outcomes import Fault, Outcome, Reply, lacking
from autograder.student.grading import messages
from autograder.student.grading.bank import Bank, BankError, Description, parts_of, slug_of
from autograder.student.grading.compare import Difference, differences, same
from autograder.student.grading.properties import below_zero, half_right, property_of, property_of_all, size_of
from autograder.student.grading.replies import Answers, Comparison
from autograder.student.grading.rubric import Check, Item, Rubric
from autograder.student.grading.sketch import sketched
from autograder.student.grading.verdicts import Finding

CLOSER = 0.01
"""Where several pairs fit, a pair is taken only if it fits better by this factor."""
GRADIENT = "gradient"
"""How the names of fields that hold gradients end."""


class Text(msgspec.Struct, frozen=True):
    """Facts from the notebook's text, computed only where they are needed."""

    why_missing: Callable[[str], str]
    """Why a name that a check asks for is not there."""
    signs: Callable[[], Sequence[str]] = tuple
    """Parts of the component's text that may be the cause of the mistake."""
    digest: str = ""
    """The digest of the component."""


def judge(item: Item, answers: Answers, bank: Bank, rubric: Rubric, text: Text) -> dict[str, Finding]:
    """A finding for every check of the item, in the rubric's order."""
    known = {case: _described(answer, rubric) for case, answer in answers.items()}
    comparison = Comparison(item, known, bank, rubric.tolerance, text.digest)
    known |= {case: lacking(package) for case, package in comparison.owed_to_a_stand_in().items()}
    failing = [check for check in item.checks if not comparison.passes(check)]
    pointed = [check for check in item.checks if not check.is_note]
    wrong = [check for check in pointed if check in failing]
    names: dict[str, str | None] = {**_diagnose(pointed, wrong, comparison)}
    if unnamed := [check.name for check in wrong if check.name not in names]:
        names |= dict.fromkeys(unnamed, _two(pointed, comparison))
    findings: dict[str, Finding] = {}
    said: dict[str, str] = {}
    claims = Claims(bank, frozenset(check.name for check in item.checks if check not in failing))
    for check in item.checks:
        if check not in failing:
            if check.after and not findings[check.after].passed:
                findings[check.name] = presupposing(item, check, findings[check.after])
            else:
                findings[check.name] = Finding(passed=True, message="")
        elif check.is_note:
            # A note is about the last details of right code; beside real mistakes it would only confuse.
            silent = bool(wrong or comparison.faults(check))
            findings[check.name] = Finding(passed=silent, message="" if silent else check.note)
        elif faults := comparison.faults(check):
            findings[check.name] = not_checked(faults[0], again="fault" in said)
            said["fault"] = check.title
        elif check.after and not findings[check.after].passed and comparison.unanswered(check):
            # An exception there says nothing about this check.
            findings[check.name] = Finding(passed=False, message=messages.presupposed(_title(item, check.after)))
        else:
            slug = names.get(check.name)
            # a student who has written nothing is told what to write, not which values were expected
            blank = slug == item.not_started
            table = "" if blank else _layers(check, comparison)
            named = slug is not None
            seen = Seen("") if blank else _explain(check, comparison, rubric, text.why_missing, named=named)
            shown = check.name in item.shown and not blank and comparison.is_seen(check)
            found = _mistake(check, seen, table, slug, claims, said)
            findings[check.name] = msgspec.structs.replace(found, shown=shown)
    return _with_signs(findings, [check.name for check in wrong if not names.get(check.name)], text)


def _with_signs(findings: dict[str, Finding], unnamed: Sequence[str], text: Text) -> dict[str, Finding]:
    """Adds the signs in the component's text to the first check that no name explains and that says how the value is
    wrong."""
    told = [name for name in unnamed if findings[name].message.startswith(messages.WRONG)]
    if told and (signs := text.signs()):
        found = findings[told[0]]
        shown = found.message.removesuffix(found.details).strip()
        message = messages.paragraphs(shown, messages.places(signs), found.details)
        findings[told[0]] = msgspec.structs.replace(found, message=message)
    return findings


class Seen(msgspec.Struct, frozen=True):
    """The evidence that a check fails."""

    first: str
    more: str = ""
    """The rest of the evidence, for readers who want all of it."""


class Claims(msgspec.Struct, frozen=True):
    """The parts of a misconception that may be said, given which of the item's checks have passed."""

    bank: Bank
    passed: frozenset[str]

    def of(self, slug: str) -> list[Description]:
        """Its parts in words, each only where the submission bears it out."""
        return [
            each if self.passed.issuperset(each.right) else msgspec.structs.replace(each, shows=each.otherwise)
            for each in (self.bank.misconceptions[part] for part in parts_of(slug))
        ]


def _title(item: Item, check: str) -> str:
    return next(each.title for each in item.checks if each.name == check)


def _mistake(check: Check, seen: Seen, table: str, slug: str | None, claims: Claims, said: dict[str, str]) -> Finding:
    """What the failure usually means, then the evidence and the layers that differ, then what else was seen.

    `said` maps the texts of the item so far to the checks that have them, so that no text is repeated.
    """
    details = seen.more
    if said.setdefault(table, check.title) != check.title:
        table = ""
    message = messages.paragraphs(seen.first, table)
    meant = claims.of(slug) if slug is not None else []
    first = said.setdefault(slug or messages.paragraphs(message, details), check.title)
    if first != check.title:
        details = messages.paragraphs(seen.first, seen.more) if meant else ""
        message = messages.paragraphs(messages.as_above(first, len(meant)), table)
    elif meant:
        message = messages.with_misconceptions(message, meant)
    return Finding(passed=False, message=messages.paragraphs(message, details), details=details, misconception=slug)


def _described(answer: Outcome, rubric: Rubric) -> Outcome:
    """The answer, unless it holds a field that the rubric does not have."""
    if isinstance(answer, Reply) and (unknown := sorted({*answer.facts, *answer.arrays} - set(rubric.fields))):
        return Fault(reason=f"the reply has a field {unknown[0][:60]!r}, which the rubric's [fields] do not describe")
    return answer


def presupposing(item: Item, check: Check, earlier: Finding) -> Finding:
    """The finding for a check that counts only after another one, where that one has failed."""
    return msgspec.structs.replace(earlier, message=messages.presupposed(_title(item, check.after)))


def not_checked(fault: Fault, *, again: bool = False) -> Finding:
    """Neither right nor wrong: the grader's own code has failed."""
    return Finding(
        passed=False,
        message=messages.could_not_be_checked(fault.package, again=again),
        needs_review=f"could not be checked: {fault.reason}",
        fault=fault.trace or fault.reason,
    )


def _diagnose(pointed: list[Check], wrong: list[Check], comparison: Comparison) -> dict[str, str]:
    """Maps a failing check to the slug of the misconception that gives the same replies.

    Best is a misconception that agrees with the submission in every compared field of every case of the item. Where
    there is none, a check is given a name only if (1) exactly one misconception agrees in that check's own fields, (2)
    no reply of the item speaks against it, and (3) it accounts for everything that is wrong in the item, or speaks of
    its own checks only. A wrong name is worse than none.
    """
    if not wrong:
        return {}
    fitting = {check.name: comparison.fitting(check) for check in pointed}
    whole = set.intersection(*fitting.values()) if fitting else set()
    candidates = {
        check.name: {
            slug for slug in fitting[check.name] if comparison.differs(slug, check) and comparison.consistent(slug)
        }
        for check in wrong
    }
    apart = {slug for slug, description in comparison.bank.misconceptions.items() if description.apart}
    others = [check for check in wrong if not candidates[check.name] & apart]
    named = {}
    for check in wrong:
        best = candidates[check.name] & whole
        best = best or {each for each in candidates[check.name] if each in apart or comparison.fails(each, others)}
        slugs = set(map(slug_of, best))
        if len(slugs) > 1:
            slugs = set(map(slug_of, best & comparison.fitting(check, clues=True)))
        if len(slugs) == 1:
            named[check.name] = slugs.pop()
    return named


def _two(pointed: list[Check], comparison: Comparison) -> str | None:
    """The two misconceptions that together give the same replies in everything that is compared, where only these two
    do. The pair only decides a name. So where the banks of pairs are missing, or belong to another rubric, nothing is
    named."""
    answers = {case: sketched(answer) for case, answer in comparison.answers.items()}
    try:
        if (pairs := comparison.bank.pairs) is None:
            return None
        for tolerance in (comparison.tolerance, comparison.tolerance * CLOSER):
            sketches = Comparison(comparison.item, answers, pairs, tolerance)
            fitting = [sketches.fitting(check, clues=True) for check in pointed]
            slugs = set(map(slug_of, set.intersection(*fitting))) if fitting else set()
            if len(slugs) == 1:
                return slugs.pop()
    except BankError:
        pass
    return None


def _explain(
    check: Check, comparison: Comparison, rubric: Rubric, why_missing: Callable[[str], str], *, named: bool
) -> Seen:
    """What was seen in the first case that differs. `named`: whether a misconception explains everything."""
    item = comparison.item
    for case in check.cases:
        answer, expected = comparison.answers[case], comparison.bank.expected(item.name, case)
        if comparison.agree(check, answer, expected):
            continue
        hidden = item.cases[case].bank == "hidden"
        if hidden and check.visibility == "visible":
            return Seen(messages.WRONG_HERE_TOO if comparison.is_wrong_in_public else messages.WRONG_ELSEWHERE)
        both = (answer, expected) if isinstance(answer, Reply) and isinstance(expected, Reply) else None
        found = differences(*both, check.fields, rubric.tolerance) if both else []
        if not both:
            return Seen(messages.no_reply(answer, why_missing))
        known = {} if hidden else _properties(found, case, comparison, rubric.modes, named=named)
        first, *others = messages.different(found, rubric.fields, hidden=hidden, known=known)
        alone = "" if named else _what_alone(found, *both, rubric.tolerance)
        clues = "" if named or hidden else messages.clues(*both, check.clues, rubric.clues)
        return Seen(messages.paragraphs(first, alone, clues), messages.paragraphs(*others))
    return Seen("")


def _what_alone(found: Iterable[Difference], got: Reply, expected: Reply, tolerance: float) -> str:
    """What can be said where only gradients are wrong, or only values inside the layers."""
    if _only_gradients(found, got, expected, tolerance):
        return messages.GRADIENT_ALONE
    layers = got.facts.get("layers")
    is_right = bool(layers) and layers == expected.facts.get("layers")
    of_values = all(each.places or isinstance(each.expected, bool) for each in found)
    if is_right and of_values:
        return messages.LAYERS_RIGHT + messages.beside(got, expected, "beside")
    return messages.beside(got, expected, "computed").strip()


def _only_gradients(found: Iterable[Difference], got: Reply, expected: Reply, tolerance: float) -> bool:
    """Whether only gradients differ, and not the values that they are gradients of."""
    differing = {each.field for each in found}
    values = {field for field in expected.arrays if not field.endswith(GRADIENT)}
    alike = all(field in got.arrays and same(got, expected, (field,), tolerance) for field in values)
    return bool(values) and all(field.endswith(GRADIENT) for field in differing) and alike


def _properties(
    found: Sequence[Difference], case: str, comparison: Comparison, modes: Collection[str], *, named: bool
) -> dict[str, str]:
    """Maps a field to what is true of it: in this case, or in all public cases together."""
    told = {each.field: "" if named else comparison.count_off(each.field) for each in found if not each.places}
    for field in (each.field for each in found if each.places):
        replies = comparison.visible(field)
        got, expected = replies[case]
        everything = [list(arrays) for arrays in zip(*replies.values(), strict=True)]
        said = half_right(got, expected) if field in modes else ""
        said = said or property_of(got, expected) or property_of_all(*everything)
        said = said or ("" if named else comparison.times_a_mistake(field))
        if not said or not named:
            said = f"{said} {comparison.dependence(field)}".strip()
        if not said and not named:
            said = below_zero(got, expected) or comparison.change(field)
            said = said or ("" if field.endswith(GRADIENT) else size_of(got, expected))
        told[field] = said
    return told


def _layers(check: Check, comparison: Comparison) -> str:
    """The layers of the first case, beside the reference's."""
    case = check.cases[0]
    return messages.layers(comparison.answers[case], comparison.bank.expected(comparison.item.name, case))
