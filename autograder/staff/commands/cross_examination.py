"""Checks the names that feedback gives. Submissions with other causes and the same symptom (systematic mutants, two
misconceptions at once, the corpus) are graded. A submission that gets a name is then asked with other numbers, with
more minibatches, and about values that nothing has looked at; and so is the misconception of that name. Where the
replies differ, the name was given on a symptom."""

from collections.abc import Callable, Iterator, Mapping

import msgspec
from rich.table import Table
from rich.text import Text

from autograder.guest.outcomes import Outcome
from autograder.staff.authoring import corpus as corpora
from autograder.staff.authoring import misconceptions, mutants
from autograder.student.assignment import Assignment
from autograder.student.grading.bank import Bank, parts_of, slug_of
from autograder.student.grading.compare import same
from autograder.student.grading.examination import Clock, Limits, examine
from autograder.student.grading.grade import grade
from autograder.student.grading.rubric import Case, Check, Item, Rubric
from autograder.student.output.screen import Screen
from autograder.student.program import Submission
from autograder.student.sandbox.host import Sandbox
from autograder.student.sandbox.remembering import Remembering
from autograder.student.sandbox.starting import start
from autograder.student.submission.notebook import Notebook

OTHER_SEED = 40_009
FEW_EPOCHS, MORE_IMAGES = 10, 640
"""Questions with fewer epochs get one more epoch and five more minibatches."""


class Suspect(msgspec.Struct, frozen=True):
    """A wrong submission, and the names that are true of it because of how it was made."""

    kind: str
    what: str
    item: str
    true: frozenset[str]
    make: Callable[[], Notebook]


class Claim(msgspec.Struct, frozen=True):
    """A name that was given to a submission that was not made to have it."""

    kind: str
    what: str
    item: str
    slug: str
    parts: str
    """The first check and case, of those that the rubric does not have, in which the two reply differently; "" where
    there is none, which confirms the name."""


def cross_examine(
    assignment: Assignment, rubric: Rubric, kinds: tuple[str, ...] = ("corpus", "mutants", "pairs"), step: int = 1
) -> Iterator[tuple[Suspect, list[Claim]]]:
    """Every suspect of these kinds, or with a `step` only one of that many, with the names that it got beyond those
    that it was made for. Raises FrameError, CorpusError, MisconceptionError, BankError and SandboxError."""
    bank = assignment.bank()
    with Remembering(start(rubric.environment)) as sandbox:
        court = Court(assignment, rubric, bank, sandbox)
        for number, suspect in enumerate(_suspects(assignment, rubric, kinds)):
            if number % step == 0:
                yield suspect, list(court.claims(suspect))


def _suspects(assignment: Assignment, rubric: Rubric, kinds: tuple[str, ...]) -> Iterator[Suspect]:
    probed = {item.name: item for item in rubric.items if item.probes}
    if "corpus" in kinds:
        for case in corpora.cases(assignment.corpus / "wrong", assignment, rubric):
            for name in case.expected.loses_marks:
                if name in probed:
                    true = frozenset(case.expected.misconceptions)
                    yield Suspect("corpus", case.name, name, true, case.make)
    if "mutants" in kinds:
        for item in probed.values():
            for mutant in mutants.first_order(assignment, item, assignment.template):
                yield Suspect("mutants", mutant.change, item.name, frozenset(), _given(mutant.notebook))
    if "pairs" in kinds:
        for name in probed:
            for mistake in misconceptions.pairs(assignment, name):
                true = frozenset((*parts_of(mistake.slug), mistake.slug))
                yield Suspect("pairs", mistake.slug, name, true, mistake.make)


def _given(notebook: Notebook) -> Callable[[], Notebook]:
    return lambda: notebook


class Court:
    """Grades suspects, and then asks each of them, and the misconception that it is called, the same new questions."""

    def __init__(self, assignment: Assignment, rubric: Rubric, bank: Bank, sandbox: Sandbox) -> None:
        self._rubric, self._bank, self._sandbox = rubric, bank, sandbox
        self._forms: dict[str, list[Notebook]] = {}
        for mistake in misconceptions.recorded(assignment, rubric):
            self._forms.setdefault(slug_of(mistake.slug), []).append(mistake.notebook)
        self._pairs: dict[str, misconceptions.Mistake] = {}
        for item in rubric.items:
            if item.probes:
                self._pairs |= {each.slug: each for each in misconceptions.pairs(assignment, item.name)}

    def claims(self, suspect: Suspect) -> Iterator[Claim]:
        """A claim for every name that it was not made for."""
        submission = Submission.of(suspect.make())
        only = self._rubric.only((suspect.item,))
        [(item, verdicts)] = grade(submission, only, self._bank, self._sandbox, Clock(Limits()))
        named: dict[str, list[str]] = {}
        for verdict in verdicts:
            if verdict.misconception and not suspect.true.issuperset(parts_of(verdict.misconception)):
                named.setdefault(verdict.misconception, []).append(verdict.check)
        for slug, checks in named.items():
            apart = all(self._bank.misconceptions[part].apart for part in parts_of(slug))
            asked = [check for check in item.checks if (check.name in checks if apart else not check.is_note)]
            parts = self._parted(submission, slug, item, asked)
            yield Claim(suspect.kind, suspect.what, suspect.item, slug, parts)

    def _parted(self, submission: Submission, slug: str, item: Item, checks: list[Check]) -> str:
        """Where no form of the misconception replies as the submission does; for the form that agrees longest."""
        forms = self._forms.get(slug) or [self._pairs[slug].notebook]
        theirs = self._asked(submission, item)
        furthest, place = -1, ""
        for form in forms:
            alike, first = _compared(theirs, self._asked(Submission.of(form), item), checks, self._rubric.tolerance)
            if not first:
                return ""
            if alike > furthest:
                furthest, place = alike, first
        return place

    def _asked(self, submission: Submission, item: Item) -> Mapping[str, Outcome]:
        """Its answers in cases that are not in the rubric."""
        cases = {name: _otherwise(case) for name, case in item.cases.items()}
        other = msgspec.structs.replace(item, cases=cases)
        return examine(other, cases, submission, self._sandbox, Clock(Limits()))


def _compared(
    one: Mapping[str, Outcome], other: Mapping[str, Outcome], checks: list[Check], tolerance: float
) -> tuple[int, str]:
    """In how many cases of the checks the two are alike, and the first case in which they are not."""
    alike, first = 0, ""
    for check in checks:
        for case in check.cases:
            if same(one[case], other[case], (*check.fields, *check.clues), tolerance):
                alike += 1
            else:
                first = first or f"{check.name}, {case}"
    return alike, first


def _otherwise(case: Case) -> Case:
    arguments = dict(case.arguments)
    if "seed" in arguments:
        arguments["seed"] += OTHER_SEED
    if arguments.get("epochs", FEW_EPOCHS) < FEW_EPOCHS:
        arguments["epochs"] += 1
        arguments["count"] += MORE_IMAGES
    return msgspec.structs.replace(case, arguments=arguments)


def print_claims(seen: list[tuple[Suspect, list[Claim]]], console: Screen) -> None:
    """Each name that is not confirmed, and how many suspects of each kind got which sort of name."""
    table = Table(box=None, pad_edge=False)
    for heading in ("named", "item", "what it is", "parts at"):
        table.add_column(heading, overflow="fold")
    for claim in (claim for _, claims in seen for claim in claims if claim.parts):
        table.add_row(Text(claim.slug, style="red"), claim.item, Text(claim.what), claim.parts)
    if table.row_count:
        console.print(table)
    for kind in dict.fromkeys(suspect.kind for suspect, _ in seen):
        own = [claims for suspect, claims in seen if suspect.kind == kind]
        made = [claim for claims in own for claim in claims]
        false = sum(bool(claim.parts) for claim in made)
        console.print(
            Text(f"{kind}: {len(own)} graded, {len(made)} names that they were not made for, {false} not borne out"),
            soft_wrap=True,
        )
