"""Records the banks: the reference and every misconception go through the very examination that submissions go
through."""

import hashlib
import math
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import save_file

from autograder.grading.bank import Bank, Description, Index, StoredCase, StoredOutcome
from autograder.grading.examination import Clock, Limits, examine
from autograder.grading.rubric import Item, Rubric
from autograder.grading.verdicts import Unclear
from autograder.program import outline
from autograder.sandbox.host import Zygote
from autograder.sandbox.outcomes import Array, Outcome, Reply, ReplyHeader
from autograder.submission.notebook import Notebook


class RecordingError(Exception):
    """The reference cannot be recorded; the message says at which case."""


class Mistake(msgspec.Struct, frozen=True):
    """A misconception as a notebook: the solved one with one component changed."""

    slug: str
    description: Description
    notebook: Notebook


def record(
    rubric: Rubric, solution: Notebook, mistakes: Iterable[Mistake], zygote: Zygote
) -> dict[str, tuple[Index, dict[str, Array]]]:
    """Bank name to its JSON half and its arrays. Raises RecordingError where the reference itself does not reply."""
    cases: dict[str, StoredCase] = {}
    arrays: dict[str, Array] = {}
    work: dict[str, int] = {}
    unit = zygote.unit
    by_item: dict[str, list[Mistake]] = {}
    for mistake in mistakes:
        by_item.setdefault(mistake.description.item, []).append(mistake)
    for item in rubric.items:
        if not item.probes:
            continue
        started = time.monotonic()
        reference = _ask(item, solution, zygote)
        work[item.name] = _rounded((time.monotonic() - started) / unit)
        replies = {mistake.slug: _ask(item, mistake.notebook, zygote) for mistake in by_item.get(item.name, [])}
        for case, outcome in reference.items():
            if not isinstance(outcome, Reply):
                raise RecordingError(f"the reference does not reply to {item.name}.{case}: {outcome}")
            cases[f"{item.name}.{case}"] = StoredCase(
                reference=_store(outcome, arrays),
                misconceptions={slug: _store(answers[case], arrays) for slug, answers in replies.items()},
            )
    descriptions = {mistake.slug: mistake.description for each in by_item.values() for mistake in each}
    return {
        name: _part(name, rubric, cases, arrays, Index(misconceptions=descriptions, work=work))
        for name in ("public", "hidden")
    }


def write(banks: Mapping[str, tuple[Index, Mapping[str, Array]]], folder: Path) -> list[Path]:
    """Writes the banks' files and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (index, arrays) in banks.items():
        path = folder / f"{name}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(index, order="sorted"), indent=1) + b"\n")
        save_file(dict(arrays), folder / f"{name}.safetensors")
        written += [path, folder / f"{name}.safetensors"]
    return written


def in_memory(
    banks: Mapping[str, tuple[Index, Mapping[str, Array]]], names: Iterable[str] = ("public", "hidden")
) -> Bank:
    """Fresh banks as they would be read back."""
    chosen = [banks[name] for name in names]
    return Bank([index for index, _ in chosen], {key: array for _, arrays in chosen for key, array in arrays.items()})


def _ask(item: Item, notebook: Notebook, zygote: Zygote) -> Mapping[str, Outcome]:
    answers = examine(item, item.cases, notebook, outline(notebook), zygote, Clock(Limits()))
    clear = {case: answer for case, answer in answers.items() if not isinstance(answer, Unclear)}
    if len(clear) < len(answers):
        raise RecordingError(f"a reading of {item.name} is unclear in our own notebook")
    return clear


def _rounded(units: float) -> int:
    """Up to a power of four: times differ from run to run, the bank should not."""
    return int(4 ** math.ceil(math.log(max(units, 1.0), 4)))


def _store(outcome: Outcome, arrays: dict[str, Array]) -> StoredOutcome:
    """The outcome with its arrays put away under the hash of their contents, so that equal ones are kept once."""
    if not isinstance(outcome, Reply):
        return StoredOutcome(outcome)
    keys = {}
    for field, array in outcome.arrays.items():
        half = array.astype(np.float32) if array.dtype == np.float64 and array.size > 1 else array
        digest = hashlib.sha256(half.tobytes() + str((half.shape, half.dtype)).encode()).hexdigest()[:20]
        arrays[digest] = half
        keys[field] = digest
    return StoredOutcome(ReplyHeader(facts=dict(outcome.facts)), keys)


def _part(
    name: str,
    rubric: Rubric,
    cases: Mapping[str, StoredCase],
    arrays: Mapping[str, Array],
    about: Index,
) -> tuple[Index, dict[str, Array]]:
    """The cases of one bank with just the arrays that they use."""
    own = {
        f"{item.name}.{case}": cases[f"{item.name}.{case}"]
        for item in rubric.items
        for case, asked in item.cases.items()
        if asked.bank == name
    }
    keys = {
        key
        for recorded in own.values()
        for each in (recorded.reference, *recorded.misconceptions.values())
        for key in each.arrays.values()
    }
    return msgspec.structs.replace(about, cases=own), {key: arrays[key] for key in sorted(keys)}
