"""What one grading costs, against the bare imports that a notebook of this assignment begins with, and a check with the
plain guest against one with forked guests; always in turn in one run.

    python tests/bench.py [--runs 5] [--json]

Wall-clock seconds of whole processes. Memory: the greatest resident size of the grader's own process, and the greatest
sum over zygote and guest of their private and shared pages (PSS), next to a bare `import torch`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMPORTS = "import torch, torchvision; from transformers import DistilBertModel"


def main() -> int:
    """Prints the table; exit 1 where a ratio or the memory is over its bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        grading = [str(Path(sys.executable).with_name("ps7")), "grade", str(ROOT / "reference" / "solution.ipynb")]
        grading += ["--out", f"{folder}/results.json"]
        imports = [sys.executable, "-c", IMPORTS]
        seconds = [(_wall(grading), _wall(imports)) for _ in range(options.runs + 1)][
            1:
        ]  # the first one warms the disk
        check = [grading[0], "check", grading[2], "--sandbox"]
        checks = [(_wall([*check, "none"]), _wall([*check, "best"])) for _ in range(options.runs)]
        figures = {
            "grading_seconds": statistics.median(grading for grading, _ in seconds),
            "imports_seconds": statistics.median(imports for _, imports in seconds),
            "ratio": statistics.median(grading / imports for grading, imports in seconds),
            "ratio_worst": max(grading / imports for grading, imports in seconds),
            "plain_to_forked": statistics.median(plain / forked for plain, forked in checks),
            **_memory(grading),
        }
    print(
        json.dumps(figures) if options.json else "\n".join(f"{name:28}{value:10.2f}" for name, value in figures.items())
    )
    over = figures["guest_mb"] - figures["torch_mb"]
    return (
        1
        if figures["ratio"] > 1.0 or figures["plain_to_forked"] > 1.5 or figures["grader_mb"] > 150 or over > 200
        else 0
    )


def _wall(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - started


def _memory(grading: list[str]) -> dict[str, float]:
    grader, guests = _peaks(grading)
    torch, _ = _peaks([sys.executable, "-c", "import torch"])
    return {"grader_mb": grader, "guest_mb": guests, "torch_mb": torch}


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
