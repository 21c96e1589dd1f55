"""Divides a recording into banks and writes them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import save

from autograder.guest.outcomes import Array, Fault, Outcome, Reply, ReplyHeader
from autograder.staff.authoring.recording import REFERENCE, Recording
from autograder.student.grading import bank
from autograder.student.grading.bank import Bank, Index, StoredCase, StoredOutcome
from autograder.student.grading.rubric import Rubric

Banks = Mapping[str, tuple[Index, Mapping[str, Array]]]
"""Maps a bank's name to its JSON half and its arrays."""


def divided(recording: Recording, rubric: Rubric) -> Banks:
    """The cases of each bank, with only the arrays that they use."""
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
    """The banks of two misconceptions at once."""
    return {bank.of_pairs(name): both for name, both in divided(recording, rubric).items()}


def write(banks: Banks, place: Callable[[str], Path]) -> list[Path]:
    """Writes the banks' files and returns their paths. `place` gives the path of a bank, without a suffix. Raises
    OSError."""
    fresh: dict[Path, bytes] = {}
    for name, (index, arrays) in banks.items():
        path = place(name)
        fresh[path.with_suffix(".json")] = (
            msgspec.json.format(msgspec.json.encode(index, order="sorted"), indent=1) + b"\n"
        )
        fresh[path.with_suffix(".safetensors")] = save(dict(arrays))
    return replace_all(fresh)


def replace_all(contents: Mapping[Path, bytes]) -> list[Path]:
    """Writes each file under another name first, and renames all of them once they are whole. Raises OSError."""
    unfinished = {path: path.with_name(path.name + ".new") for path in contents}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished[path].write_bytes(content)
        for path, new in unfinished.items():
            new.replace(path)
    finally:
        for new in unfinished.values():
            new.unlink(missing_ok=True)
    return [*contents]


def in_memory(banks: Banks, names: Iterable[str] = ("public", "hidden")) -> Bank:
    """Fresh banks, as they would be read from their files."""
    chosen = [banks[name] for name in names]
    return Bank([index for index, _ in chosen], {key: array for _, arrays in chosen for key, array in arrays.items()})


def _stored(replies: Mapping[str, Outcome], arrays: dict[str, Array]) -> StoredCase:
    stored = {who: _put_away(outcome, arrays) for who, outcome in replies.items()}
    return StoredCase(reference=stored.pop(REFERENCE), misconceptions=stored)


def _halved(array: Array) -> Array:
    """A long array in half of the bytes, where no value is lost by that: too large a value would become infinite."""
    if array.dtype != np.float64 or array.size <= 1:
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float32)
    return half if np.array_equal(np.isfinite(half), np.isfinite(array)) else array


def _put_away(outcome: Outcome, arrays: dict[str, Array]) -> StoredOutcome:
    """The outcome with its arrays under the hash of their contents, so that equal arrays are kept once."""
    assert not isinstance(outcome, Fault)
    if not isinstance(outcome, Reply):
        return StoredOutcome(outcome)
    keys = {}
    for field, array in outcome.arrays.items():
        half = _halved(array)
        digest = hashlib.sha256(half.tobytes() + str((half.shape, half.dtype)).encode()).hexdigest()[:20]
        arrays[digest] = half
        keys[field] = digest
    return StoredOutcome(ReplyHeader(facts=dict(outcome.facts)), keys)
