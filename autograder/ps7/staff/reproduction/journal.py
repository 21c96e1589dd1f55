"""Keeps each run of a calibration as soon as it is done, so that an interrupted calibration can be continued, and a
later one can add seeds or mistakes."""

import contextlib
from pathlib import Path

import msgspec

from autograder.ps7.staff.reproduction.calibrating import Run
from autograder.ps7.staff.reproduction.measuring import Budget
from autograder.ps7.student.datasets.archive import Dataset


class Head(msgspec.Struct, frozen=True):
    """The first line: the data set and budget of all runs below it."""

    digest: str
    budget: Budget


class Journal:
    """A file beside the data set, with one run on each line. It is begun anew for another data set or budget. Raises
    OSError."""

    def __init__(self, dataset: Dataset, budget: Budget) -> None:
        self.path: Path = dataset.path.with_name(f"{dataset.path.stem}.runs.jsonl")
        self.runs: list[Run] = []
        head = Head(dataset.digest, budget)
        first, *lines = self.path.read_bytes().split(b"\n") if self.path.exists() else [b""]
        with contextlib.suppress(msgspec.MsgspecError):
            if msgspec.json.decode(first, type=Head) == head:
                for line in lines:  # the last line may be cut off
                    self.runs.append(msgspec.json.decode(line, type=Run))
        with self.path.open("wb") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in [head, *self.runs])

    def add(self, run: Run) -> None:
        """Keeps the run."""
        self.runs.append(run)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(run) + b"\n")
