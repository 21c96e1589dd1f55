"""Shows where the seconds of one grading go."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
from rich.table import Table

from autograder.staff.commands.timed import Cost, TimedSandbox
from autograder.student.grading.rubric import Item
from autograder.student.grading.verdicts import Verdict
from autograder.student.output.screen import Screen
from autograder.student.sandbox.host import Confinement, Sandbox
from autograder.student.sandbox.starting import start

SLOWEST = 12
"""How many questions the second table lists."""


class Phase(msgspec.Struct, frozen=True):
    """A part of one grading, in seconds; `guests` is empty where no guest was running."""

    name: str
    wall: float
    processor: float
    guests: tuple[Cost, ...] = ()


class Profile:
    """The time of the process that makes it, from that process' own start. `opening` gives the sandbox, `finished` is
    to be called after every item, and `phases` are known once the sandbox is closed."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._sandbox: TimedSandbox | None = None

    @contextmanager
    def opening(self, environment: str, confinement: Confinement) -> Iterator[Sandbox]:
        """The sandbox, with its guests measured. Raises SandboxError."""
        wall, processor = _age(), _processor()
        self.phases.append(Phase("the command, until it reads the notebook", wall, processor))
        with TimedSandbox(start(environment, confinement)) as sandbox:
            self._sandbox = sandbox
            yield sandbox
            processor = _processor() - processor
        self.phases.insert(1, Phase("imports of the sandbox; wall: waited for", sandbox.waited, sandbox.importing))
        wall = _age() - sum(phase.wall for phase in self.phases)
        self.phases.append(Phase("reading, judging, writing", wall, processor))

    def finished(self, item: Item, _: list[Verdict]) -> None:
        """Notes that all guests since the last call belonged to this item."""
        if self._sandbox is not None:
            guests = tuple(self._sandbox.guests[sum(len(phase.guests) for phase in self.phases) :])
            wall, processor = (sum(getattr(each, part) for each in guests) for part in ("wall", "processor"))
            self.phases.append(Phase(item.name, wall, processor, guests))

    def print(self, console: Screen) -> None:
        """Two tables: where the time went, and the slowest questions."""
        table = Table(title="Where the time went, in seconds", title_justify="left")
        table.add_column("")
        for name in ("start", "questions", "end", "wall", "CPU"):
            table.add_column(name, justify="right")
        for phase in self.phases:
            parts = [sum(getattr(each, part) for each in phase.guests) for part in ("starting", "asking", "ending")]
            cells = [f"{part:.2f}" if phase.guests else "" for part in parts]
            name = f"guest of {phase.name}" if phase.guests else phase.name
            table.add_row(name, *cells, f"{phase.wall:.2f}", f"{phase.processor:.2f}")
        sums = [sum(getattr(phase, part) for phase in self.phases) for part in ("wall", "processor")]
        table.add_row("in all", "", "", "", *(f"{each:.2f}" for each in sums))
        console.print(table)
        console.print(self._questions())

    def _questions(self) -> Table:
        table = Table(title="The slowest questions", title_justify="left")
        for name in ("item", "question", "wall"):
            table.add_column(name)
        asked = [
            (seconds, phase.name, f"{probe}, number {number} of {len(each.questions)}")
            for phase in self.phases
            for each in phase.guests
            for number, (probe, seconds) in enumerate(each.questions, start=1)
        ]
        for seconds, name, question in sorted(asked, reverse=True)[:SLOWEST]:
            table.add_row(name, question, f"{seconds:.2f}")
        return table


def _age() -> float:
    """Seconds since this process began. On Linux not psutil's, which knows the machine's start only to the second."""
    if sys.platform == "linux":
        ticks = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]  # see proc(5), starttime
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK")
    return time.time() - psutil.Process().create_time()


def _processor() -> float:
    """Seconds of processor time of this process and of its ended children, which read the text."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
