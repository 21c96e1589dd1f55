"""Recordings, and that a recording changes only where something has changed."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from autograder.guest.outcomes import Reply
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames, misconceptions
from autograder.staff.authoring.banks import divided, in_memory, write
from autograder.staff.authoring.recording import ROUNDING, RecordingError, record
from autograder.student.grading.rubric import load

RUBRIC = load(PS7)
ENCODER = RUBRIC.only(["encoder"])
SOLUTION = frames.submission(PS7, "solution")
MISTAKES = misconceptions.every(PS7, ENCODER)[:4]


def files(recording, folder):
    return {path.name: path.read_bytes() for path in write(divided(recording, ENCODER), folder.joinpath)}


@pytest.fixture(scope="module")
def recorded(sandbox):
    return record(ENCODER, SOLUTION, MISTAKES, sandbox)


def shaken(recording):
    """The recording of another processor."""
    random = np.random.default_rng(1)

    def noisy(outcome):
        if not isinstance(outcome, Reply):
            return outcome
        arrays = {
            name: array
            if array.dtype.kind == "i"
            else (array + random.normal(size=array.shape) * np.abs(array).max(initial=0) * ROUNDING / 10).astype(
                array.dtype
            )
            for name, array in outcome.arrays.items()
        }
        return Reply(facts=outcome.facts, arrays=arrays)

    replies = {case: {who: noisy(each) for who, each in told.items()} for case, told in recording.replies.items()}
    return msgspec.structs.replace(recording, replies=replies)


def test_another_processor_makes_the_same_files(recorded, sandbox, tmp_path):
    elsewhere = shaken(recorded)
    assert files(elsewhere, tmp_path) != files(recorded, tmp_path)
    again = record(ENCODER, SOLUTION, MISTAKES, sandbox, before=in_memory(divided(elsewhere, ENCODER)))
    assert files(again, tmp_path) == files(elsewhere, tmp_path)


def test_one_changed_misconception_changes_its_own_lines(recorded, sandbox, tmp_path):
    changed = [*MISTAKES[:-1], replace(MISTAKES[-1], make=MISTAKES[0].make)]
    again = record(ENCODER, SOLUTION, changed, sandbox, before=in_memory(divided(recorded, ENCODER)))
    old, new = (msgspec.json.decode(files(each, tmp_path)["public.json"]) for each in (recorded, again))
    for case, stored in old["cases"].items():
        fresh = new["cases"][case]
        assert fresh["reference"] == stored["reference"]
        differing = {
            slug for slug in stored["misconceptions"] if fresh["misconceptions"][slug] != stored["misconceptions"][slug]
        }
        assert differing <= {MISTAKES[-1].slug}


def test_items_that_are_not_named_are_kept(recorded, sandbox):
    before = in_memory(divided(recorded, ENCODER))
    two = RUBRIC.only(["encoder", "decoder"])
    with pytest.raises(RecordingError, match="decoder has not been recorded"):
        record(two, SOLUTION, MISTAKES, sandbox, before=before, only={"encoder"})
    again = record(two, SOLUTION, MISTAKES, sandbox, before=before, only={"decoder"})
    assert set(again.work) == {"encoder", "decoder"}
    assert all(again.replies[case].keys() == told.keys() for case, told in recorded.replies.items())


def changed(**changes):
    item = msgspec.structs.replace(RUBRIC.item("encoder"), **changes)
    return msgspec.structs.replace(RUBRIC, items=(item,))


def test_a_field_that_the_probe_never_returns_is_refused(sandbox):
    first, *others = RUBRIC.item("encoder").checks
    rubric = changed(checks=(msgspec.structs.replace(first, fields=("loss",)), *others))
    with pytest.raises(RecordingError, match=r"encoder\.public: the check 'shape' compares the field 'loss'"):
        record(rubric, SOLUTION, [], sandbox)


def test_a_field_without_a_description_is_refused(sandbox):
    rubric = msgspec.structs.replace(ENCODER, fields={"output": "the output"})
    with pytest.raises(RecordingError, match="no description"):
        record(rubric, SOLUTION, [], sandbox)


def test_a_probe_that_fails_is_shown_with_its_traceback(sandbox):
    with pytest.raises(RecordingError, match=r"(?s)the probe of encoder.*KeyError.*failing\.py"):
        record(changed(probes="tests.grading.failing"), SOLUTION, [], sandbox)
