"""What grading costs, measured in turns in one run: one submission compared with the bare imports that a notebook of
this assignment begins with, with the sandbox and without, and one submission more in a batch: a notebook of its own, and
one that has all components but one in common with earlier ones.

    python tests/bench.py [--runs 5] [--json]

Seconds are those of whole processes with everything that they start, medians over the runs. Memory is the greatest
proportional set size (PSS): of the process that only waits for the command; and of the command, zygote and guest
together, minus that of a bare `import torch`.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from autograder.ps7.staff.variants import WRITTEN
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.staff.authoring.definitions import redefined
from autograder.staff.authoring.style import Style
from autograder.student.grading.rubric import load

ROOT = Path(__file__).parent.parent
PYTHON, COMMAND = sys.executable, str(Path(sys.executable).with_name("ps7"))
IMPORTS = "import torch, torchvision; from transformers import DistilBertModel"
SOLVED = str(PS7.solution)
MORE = 8
"""How many submissions the larger batch has more than the smaller."""
GOALS = {
    "solved / import torch": 1.3,
    "course / import torch": 1.5,
    "solved / all imports": 1.0,
    "confined / unconfined": 1.05,
    "check, plain / forked": 1.5,
    "one more, CPU s": 1.6,
    "one more in common, CPU s": 0.8,
    "waiting process MB": 15.0,
    "command, zygote and guest MB beyond torch": 200.0,
}
"""The goals; a figure beyond its goal is marked."""


def main() -> int:
    """Prints the table; exit 1 where a figure is beyond its goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        _in_turn(commands, 1)  # warms the disk
        seen = _in_turn(commands, options.runs)
        figures = _figures(seen) | _memory(commands["solved"])
    times = {
        name: tuple(round(statistics.median(each), 2) for each in zip(*runs, strict=True))
        for name, runs in seen.items()
    }
    beyond = [name for name, goal in GOALS.items() if figures[name] > goal]
    if options.json:
        print(json.dumps({"seconds": times, "figures": figures, "goals": GOALS, "beyond": beyond}))
        return bool(beyond)
    print(f"{'':42}{'wall s':>9}{'CPU s':>9}")
    for name, (wall, cpu) in times.items():
        print(f"{name:42}{wall:9.2f}{cpu:9.2f}")
    print(f"\n{'':42}{'seen':>9}{'goal':>9}")
    for name, goal in GOALS.items():
        print(f"{name:42}{figures[name]:9.2f}{goal:9.2f}{'  beyond it' if name in beyond else ''}")
    return bool(beyond)


def _commands(folder: Path) -> dict[str, list[str]]:
    course = folder / "course.ipynb"
    frame = next(each for each in PS7.every_frame if each.name == "course")
    course.write_text(frames.text(frames.generate(PS7, "solution", frame)), encoding="utf-8")
    names = [*WRITTEN]
    for number in range(1 + MORE):
        _put(folder / "one" / "0", dict.fromkeys(names, 0))
        _put(folder / "several" / str(number), dict.fromkeys(names, number))
        own = {names[number % len(names)]: number}
        _put(folder / "in common" / str(number), {name: own.get(name, 0) for name in names})
    grade = [COMMAND, "grade", "--out", f"{folder}/results.json"]
    batch = [COMMAND, "batch", "--out", f"{folder}/grades", "--workers", "1", "--regrade", "all"]
    return {
        "import torch": [PYTHON, "-c", "import torch"],
        "all imports": [PYTHON, "-c", IMPORTS],
        "solved": [*grade, SOLVED],
        "solved, unconfined": [*grade, SOLVED, "--sandbox", "none"],
        "course": [*grade, str(course)],
        "check, forked": [COMMAND, "check", SOLVED],
        "check, plain": [COMMAND, "check", SOLVED, "--sandbox", "none"],
        "batch of one": [*batch, f"{folder}/one"],
        f"batch of {1 + MORE}": [*batch, f"{folder}/several"],
        f"batch of {1 + MORE} in common": [*batch, f"{folder}/in common"],
    }


def _put(folder: Path, students: dict[str, int]) -> None:
    """The solved notebook, with each component as that student writes it. No two students write the same text."""
    notebook = frames.generate(PS7, "solution")
    rubric = load(PS7)
    for name, student in students.items():
        first, *rest = WRITTEN[name](Style(student)).split("\n")
        text = "\n".join([first, f"    # written by student {student}", *rest])
        for cell in notebook.cells:
            if frames.belongs(cell, name):
                cell.source = redefined(cell.source, rubric.item(name).needs[0], text)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ps7.ipynb").write_text(frames.text(notebook), encoding="utf-8")


def _in_turn(commands: dict[str, list[str]], runs: int) -> dict[str, list[tuple[float, float]]]:
    """Wall-clock and CPU seconds of each command in each run."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seen[name].append(_cost(command))
    return seen


def _cost(command: list[str]) -> tuple[float, float]:
    before, started = _cpu(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _figures(seen: dict[str, list[tuple[float, float]]]) -> dict[str, float]:
    def ratio(first: str, second: str) -> float:
        return statistics.median(a / b for (a, _), (b, _) in zip(seen[first], seen[second], strict=True))

    def more(several: str) -> float:
        return statistics.median(
            (many - one) / MORE for (_, many), (_, one) in zip(seen[several], seen["batch of one"], strict=True)
        )

    return {
        "solved / import torch": ratio("solved", "import torch"),
        "course / import torch": ratio("course", "import torch"),
        "solved / all imports": ratio("solved", "all imports"),
        "confined / unconfined": ratio("solved", "solved, unconfined"),
        "check, plain / forked": ratio("check, plain", "check, forked"),
        "one more, CPU s": more(f"batch of {1 + MORE}"),
        "one more in common, CPU s": more(f"batch of {1 + MORE} in common"),
    }


def _memory(grading: list[str]) -> dict[str, float]:
    waiting, others = _peaks(grading)
    torch, _ = _peaks([PYTHON, "-c", "import torch"])
    return {"waiting process MB": waiting, "command, zygote and guest MB beyond torch": others - torch}


def _peaks(command: list[str]) -> tuple[float, float]:
    """Peak PSS in MB of the process itself, and of the sum of all its descendants, sampled every 10 ms."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    peaks = [0.0, 0.0]
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            peaks[0] = max(peaks[0], _pss(process.pid))
            peaks[1] = max(peaks[1], sum(map(_pss, _descendants(process.pid))))
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    return peaks[0], peaks[1]


def _descendants(pid: int) -> list[int]:
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    found, fresh = [], [pid]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def _pss(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except (OSError, ValueError):
        pass
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
