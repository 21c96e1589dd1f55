"""Divides a recording into banks and writes them."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import save

from autograder.authoring.recording import REFERENCE, Recording
from autograder.grading import bank
from autograder.grading.bank import Bank, Index, StoredCase, StoredOutcome
from autograder.grading.rubric import Rubric
from autograder.sandbox.outcomes import Array, Fault, Outcome, Reply, ReplyHeader

Banks = Mapping[str, tuple[Index, Mapping[str, Array]]]
"""Name to JSON half and arrays."""


def divided(recording: Recording, rubric: Rubric) -> Banks:
    """The cases of each bank with just the arrays that they use."""
    banks = {}
    for name in ("public", "hidden"):
        arrays: dict[str, Array] = {}
        cases = {
            f"{item.name}.{case}": _stored(recording.replies[f"{item.name}.{case}"], arrays)
            for item in rubric.items
            for case, asked in item.cases.items()
            if asked.bank == name
        }
        index = Index(cases=cases, misconceptions=recording.descriptions, work=recording.work)
        banks[name] = index, dict(sorted(arrays.items()))
    return banks


def of_pairs(recording: Recording, rubric: Rubric) -> Banks:
    """The same of two misconceptions at once."""
    return {bank.of_pairs(name): both for name, both in divided(recording, rubric).items()}


def write(banks: Banks, folder: Path) -> list[Path]:
    """Writes the banks' files and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (index, arrays) in banks.items():
        facts, numbers = folder / f"{name}.json", folder / f"{name}.safetensors"
        facts.write_bytes(msgspec.json.format(msgspec.json.encode(index, order="sorted"), indent=1) + b"\n")
        numbers.write_bytes(save(dict(arrays)))
        written += [facts, numbers]
    return written


def in_memory(banks: Banks, names: Iterable[str] = ("public", "hidden")) -> Bank:
    """Fresh banks as they would be read back."""
    chosen = [banks[name] for name in names]
    return Bank([index for index, _ in chosen], {key: array for _, arrays in chosen for key, array in arrays.items()})


def _stored(replies: Mapping[str, Outcome], arrays: dict[str, Array]) -> StoredCase:
    stored = {who: _put_away(outcome, arrays) for who, outcome in replies.items()}
    return StoredCase(reference=stored.pop(REFERENCE), misconceptions=stored)


def _put_away(outcome: Outcome, arrays: dict[str, Array]) -> StoredOutcome:
    """The outcome with its arrays under the hash of their contents, so that equal ones are kept once."""
    assert not isinstance(outcome, Fault)
    if not isinstance(outcome, Reply):
        return StoredOutcome(outcome)
    keys = {}
    for field, array in outcome.arrays.items():
        half = array.astype(np.float32) if array.dtype == np.float64 and array.size > 1 else array
        digest = hashlib.sha256(half.tobytes() + str((half.shape, half.dtype)).encode()).hexdigest()[:20]
        arrays[digest] = half
        keys[field] = digest
    return StoredOutcome(ReplyHeader(facts=dict(outcome.facts)), keys)
