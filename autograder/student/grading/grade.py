"""Grades a notebook item by item: ask, judge, price."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from autograder.guest.outcomes import Ended, Fault, Missing, Outcome, fault
from autograder.student.grading.bank import Bank, BankError
from autograder.student.grading.examination import Clock, examine
from autograder.student.grading.judge import Text, judge, not_checked, presupposing
from autograder.student.grading.reproduction import NotRun, Reproduce, Subject
from autograder.student.grading.rubric import Item, Rubric, named, not_reproduced
from autograder.student.grading.signs import seen
from autograder.student.grading.verdicts import Finding, Verdict
from autograder.student.program import Outline, Submission, digest, program_for, too_new, why_missing
from autograder.student.sandbox.bounded import Exhausted, Failed, bounded
from autograder.student.sandbox.host import Sandbox, SandboxError
from autograder.student.submission.notebook import Notebook


def grade(
    submission: Submission,
    rubric: Rubric,
    bank: Bank,
    sandbox: Sandbox,
    clock: Clock,
    reproduce: Reproduce | None = None,
) -> Iterator[tuple[Item, list[Verdict]]]:
    """Yields every item of the rubric with its verdicts as soon as they are there. The reproduced items come last,
    because they need to know what is wrong elsewhere. Raises SandboxError and BankError."""
    harmful: set[str] = set()
    wrong: set[str] = set()
    read_by_text: dict[str, dict[str, Finding]] = {}
    for item in sorted(rubric.items, key=lambda item: item.is_reproduced):
        usual = bank.work[item.name] * sandbox.unit if item.name in bank.work else None
        try:
            if item.probes:
                asked = {case for check in item.checks for case in check.cases}
                cases = [case for case in item.cases if case in asked]  # all banks are recorded in this order
                answers = examine(item, cases, submission, sandbox, clock, usual=usual, harmful=harmful)
                if any(isinstance(answer, Ended) for answer in answers.values()):
                    harmful.update(item.needs[:1])
                findings = _placed(_judged(item, answers, bank, rubric, submission.outline), item, submission.outline)
            else:
                if item.name not in read_by_text:
                    read_by_text = _read_by_text(
                        [each for each in rubric.items if not each.probes], submission.notebook, clock
                    )
                findings = read_by_text[item.name]
        except (SandboxError, BankError):
            raise
        except Exception as error:  # code of ours that fails on a student's text must not harm any other item
            findings = _failed(item, fault(error))
        priced = item
        if reproduce is not None and item.is_reproduced:
            subject = Subject(submission=submission, rubric=rubric, sandbox=sandbox, clock=clock, wrong=wrong)
            priced, added = _reproduced(item, findings, subject, reproduce)
            findings |= added
        verdicts = list(price(priced, findings))
        if any(not verdict.passed for verdict in verdicts):
            wrong.add(item.name)
        yield item, verdicts


def _judged(
    item: Item, answers: Mapping[str, Outcome], bank: Bank, rubric: Rubric, read: Outline
) -> dict[str, Finding]:
    component = item.needs[0]
    asked = rubric.asked
    text = Text(
        why_missing=lambda name: why_missing(read, name, asked),
        signs=lambda: seen(rubric.signs, item.name, component, read, asked - {component}),
        digest=digest(read, component),
    )
    findings = judge(item, answers, bank, rubric, text)
    if unread := _unread(answers, read):
        return {name: each if each.passed else _to_review(each, unread) for name, each in findings.items()}
    return findings


def _placed(findings: Mapping[str, Finding], item: Item, read: Outline) -> dict[str, Finding]:
    """With the cell that defines the item's component, or that tries to: it may not parse."""
    name = item.needs[0]
    cells = [statement.cell for statement in read.statements if name in statement.binds]
    cells = cells or [broken.cell for broken in read.broken if name in broken.names]
    place = f"code cell {cells[-1]}" if cells else ""
    return {name: msgspec.structs.replace(finding, place=place) for name, finding in findings.items()}


def _read_by_text(items: Sequence[Item], notebook: Notebook, clock: Clock) -> dict[str, dict[str, Finding]]:
    """The findings of the items' readers, for every check. One process reads for all of them, because it takes time to
    begin."""
    faults: dict[str, Fault] = {}
    readers = {}
    for item in items:
        try:
            readers[item.name] = named(item.reader)
        except Exception as error:
            faults[item.name] = fault(error)
    asked = [item for item in items if item.name in readers]
    found: dict[str, dict[str, Finding]] = {}
    try:
        found, failed = bounded(
            _read_each,
            readers,
            asked,
            notebook,
            answer=tuple[dict[str, dict[str, Finding]], dict[str, Fault]],
            seconds=clock.for_reading(),
        )
        faults |= failed
    except Exhausted as error:
        message = f"The notebook's text cannot be read: {error}. Clear outputs that you do not need, and save again."
        unread = Finding(passed=False, message=message)
        found = {item.name: dict.fromkeys((check.name for check in item.checks), unread) for item in asked}
    except Failed as failure:
        faults |= {item.name: failure.fault for item in asked}
    return {
        item.name: _failed(item, faults[item.name])
        if item.name in faults
        else {check.name: found[item.name][check.name] for check in item.checks if not check.reproduced}
        for item in items
    }


def _read_each(
    readers: Mapping[str, Callable[[Notebook, Item], dict[str, Finding]]], items: Sequence[Item], notebook: Notebook
) -> tuple[dict[str, dict[str, Finding]], dict[str, Fault]]:
    """Runs in a process with limits. A failure of one reader is that of its item only."""
    found, faults = {}, {}
    for item in items:
        try:
            found[item.name] = readers[item.name](notebook, item)
        except (MemoryError, RecursionError):
            raise
        except Exception as error:
            faults[item.name] = fault(error)
    return found, faults


def _failed(item: Item, fault: Fault) -> dict[str, Finding]:
    return {check.name: not_checked(fault, again=number > 0) for number, check in enumerate(item.checks)}


def _reproduced(
    item: Item, known: Mapping[str, Finding], subject: Subject, reproduce: Reproduce
) -> tuple[Item, dict[str, Finding]]:
    """The findings of the reproduced checks, and the item as it is to be priced. Nothing is trained where the checks
    presuppose something that is wrong."""
    findings: dict[str, Finding] = {}
    for check in (check for check in item.checks if check.reproduced):
        if check.after and not known[check.after].passed:
            findings[check.name] = presupposing(item, check, known[check.after])
            continue
        try:
            found = reproduce(item, subject)
        except SandboxError:
            raise
        except Exception as error:
            found = not_checked(fault(error))
        if isinstance(found, NotRun):
            item = not_reproduced(item, found.reason)
            found = Finding(passed=False, message=found.reason, needs_review=found.needs_review)
        findings[check.name] = found
    return item, findings


def _unread(answers: Mapping[str, Outcome], read: Outline) -> str:
    """Why the item's code could not be read, where that may be the grader's fault; "" where the code could be read."""
    missing = {answer.name for answer in answers.values() if isinstance(answer, Missing)}
    if read.newer_python and any(missing & part.names for part in read.broken):
        return f"a cell does not parse here, and the notebook was saved with Python {read.newer_python}"
    return ""


def _to_review(finding: Finding, reason: str) -> Finding:
    """The check is not counted as a mistake, and gets no points without evidence: a person decides."""
    return msgspec.structs.replace(finding, misconception=None, needs_review=reason)


def price(item: Item, findings: Mapping[str, Finding]) -> Iterator[Verdict]:
    """Verdicts with points. A note appears only where there is something to say."""
    for number, check in enumerate(item.checks, start=1):
        finding = findings[check.name]
        if check.is_note and finding.passed:
            continue
        yield Verdict(
            **(msgspec.structs.asdict(finding) | {"passed": finding.passed or check.is_note}),
            number=f"{item.number}.{number}",
            item=item.name,
            about=item.title,
            check=check.name,
            title=check.title,
            score=check.points if finding.passed else 0.0,
            max_score=check.points,
            visibility=check.visibility,
        )


def untouched(rubric: Rubric, reason: str, fault: str = "") -> list[Verdict]:
    """Every check with zero points, for a submission that grading has not reached or cannot read. `fault` is the
    traceback of the grader's own failure."""
    finding = Finding(passed=False, message=reason, fault=fault)
    return [
        verdict
        for item in rubric.items
        for verdict in price(item, dict.fromkeys((check.name for check in item.checks), finding))
        if verdict.max_score
    ]


def left_out(read: Outline, rubric: Rubric) -> list[str]:
    """The parts that the graded items refer to and that grading does not run, as sentences for the report."""
    omitted = {
        (statement.cell, statement.line): statement.acts
        for item in rubric.items
        for statement in program_for(read, item.needs).left_out
    }
    return [
        f"Code cell {cell}, line {line} was left out while grading: {reason}."
        for (cell, line), reason in sorted(omitted.items())
    ] + [
        f"Code cell {broken.cell} has a syntax error in line {broken.line}: {broken.message}." + too_new(read)
        for broken in read.broken
    ]
