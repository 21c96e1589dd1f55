"""Runs the reference, and wrong variants of it, over several seeds, and makes a calibration of their figures."""

import hashlib
import math
import multiprocessing
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import msgspec

from autograder.guest.namespace import Source
from autograder.ps7.staff.reproduction.calibration import Band, Calibration, Power, band
from autograder.ps7.staff.reproduction.measuring import (
    ADVANTAGE,
    LEANS_ON,
    MEASURES,
    Budget,
    Measured,
    Stopped,
    Training,
)
from autograder.ps7.staff.reproduction.showing import Shown, show
from autograder.ps7.student.datasets.archive import Dataset
from autograder.student.sandbox.host import Confinement, Sandbox
from autograder.student.sandbox.starting import start

SECONDS = 7200.0
"""Seconds for one run; a calibration has time."""
LEAST_SEEDS = 3
Solution = Mapping[str, Sequence[Source]]
"""Maps an item to its code."""

Key = tuple[str, str, int, str]
"""Mistake, item, seed, and digest of the code."""


class CalibrationError(Exception):
    """No calibration can be made; the message says why."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One training of one item's figures."""

    mistake: str = ""
    mistaken: str = ""
    """The mistake and its item, as the variant has them."""
    item: str
    seed: int
    code: str = ""
    """A digest of the code that was run."""
    measured: Measured | None
    """The figures and losses; None where the code did not come to the end."""
    units: float
    """The time that it took, in units of the machine's own speed."""
    stopped: str = ""

    @property
    def key(self) -> Key:
        """What tells one run from all others."""
        return self.mistake, self.item, self.seed, self.code


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """Code to run: the reference, or the reference with one item's code replaced."""

    mistake: str = ""
    """Its slug and its item; both are "" for the reference."""
    mistaken: str = ""
    solution: Solution
    items: tuple[str, ...]
    """The items whose figures are wanted."""


class Task(msgspec.Struct, frozen=True):
    """A run that is still to be done."""

    variant: Variant
    item: str
    seed: int

    @property
    def program(self) -> list[Source]:
        """The code to run, with the mistake last: the reference's code of other items may hold that item's right code,
        too."""
        items = sorted(LEANS_ON[self.item], key=lambda name: name == self.variant.mistaken)
        return [source for name in items for source in self.variant.solution[name]]

    @property
    def key(self) -> Key:
        """The key of its run."""
        code = hashlib.sha256(msgspec.json.encode(self.program)).hexdigest()[:16]
        return self.variant.mistake, self.item, self.seed, code


def tasks(variants: Iterable[Variant], seeds: Sequence[int]) -> list[Task]:
    """All variants over all seeds."""
    return [Task(variant, item, seed) for seed in seeds for variant in variants for item in variant.items]


def runs(
    dataset: Path,
    waiting: Iterable[Task],
    *,
    environment: str,
    budget: Budget,
    workers: int = 1,
    confinement: Confinement = "best",
) -> Iterator[Run]:
    """Runs all these tasks, in the order in which they are done, each in a sandbox of its own."""
    # Not forked: the sandbox's user depends on the number of the process that starts it.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        begun = [pool.submit(_run, dataset, task, environment, budget, confinement) for task in waiting]
        for done in as_completed(begun):
            yield done.result()


def watched(path: Path, variant: Variant, environment: str, budget: Budget, confinement: Confinement) -> Shown:
    """One training of the autoencoder and the methods. Raises Stopped, SandboxError and DatasetError."""
    with start(environment, confinement) as sandbox:
        return show(_training(path, Task(variant, "report_ae", seed=0), sandbox, budget))


def _run(path: Path, task: Task, environment: str, budget: Budget, confinement: Confinement) -> Run:
    with start(environment, confinement) as sandbox:
        unit, started = sandbox.unit, time.monotonic()
        measured, stopped = None, ""
        try:
            measured = MEASURES[task.item](_training(path, task, sandbox, budget))
        except Stopped as error:
            stopped = str(error)[:500]
    return Run(
        mistake=task.variant.mistake,
        mistaken=task.variant.mistaken,
        item=task.item,
        seed=task.seed,
        code=task.key[-1],
        measured=measured,
        units=(time.monotonic() - started) / unit,
        stopped=stopped,
    )


def _training(path: Path, task: Task, sandbox: Sandbox, budget: Budget) -> Training:
    return Training(
        dataset=Dataset(path), program=task.program, sandbox=sandbox, budget=budget, seed=task.seed, seconds=SECONDS
    )


def calibration_of(dataset: Dataset, budget: Budget, done: Sequence[Run]) -> Calibration:
    """What the reference reached, and what each mistake changed. Raises CalibrationError where the reference has
    failed, or has run for fewer than three seeds."""
    known: dict[str, Band] = {}
    work: dict[str, int] = {}
    trajectories: dict[str, list[list[float]]] = {}
    right = sorted((run for run in done if not run.mistake), key=lambda run: run.seed)
    for item in dict.fromkeys(run.item for run in right):
        reached = []
        for run in right:
            if run.item == item:
                if run.measured is None:
                    raise CalibrationError(f"the reference did not come to the end with seed {run.seed}: {run.stopped}")
                reached.append(run.measured)
        if len(reached) < LEAST_SEEDS:
            raise CalibrationError(f"{LEAST_SEEDS} seeds are the least of which a deviation can be told")
        for name in reached[0].figures:
            known[name] = band([each.figures[name] for each in reached], share=name != ADVANTAGE)
        work[item] = math.ceil(statistics.median(run.units for run in right if run.item == item))
        for name in reached[0].trajectories:
            trajectories[name] = [[round(loss, 4) for loss in each.trajectories[name]] for each in reached]
    wrong = {run.mistake: run.mistaken for run in done if run.mistake}
    return Calibration(
        dataset=dataset.about.name,
        digest=dataset.digest,
        budget=budget,
        bands=known,
        work=work,
        trajectories=trajectories,
        power={
            slug: _power(item, [run for run in done if run.mistake == slug], known)
            for slug, item in sorted(wrong.items(), key=lambda pair: pair[::-1])
        },
    )


def _power(item: str, done: Sequence[Run], known: Mapping[str, Band]) -> Power:
    reached = [run.measured.figures for run in sorted(done, key=lambda run: run.seed) if run.measured is not None]
    names = dict.fromkeys(name for each in reached for name in each)
    low = sum(any(value < known[name].least for name, value in each.items()) for each in reached)
    return Power(
        item=item,
        figures={name: tuple(round(each[name], 4) for each in reached if name in each) for name in names},
        seen=round((low + len(done) - len(reached)) / len(done), 3),
    )
