"""Guests that make random system calls, beside honest gradings: `python -m tests.sandbox.fuzzing MINUTES [SEED]`.

Whatever they do, the sandbox keeps giving guests, and the gradings beside it are right.
"""

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from autograder.student.sandbox.starting import start
from tests.sandbox.asking import program

ROOT = Path(__file__).parents[2]
PROBES = "tests.sandbox.asking"
ROUND = 5.0
"""Seconds for one guest."""
RANDOM_CALLS = """
import ctypes, os, random, signal, time
libc = ctypes.CDLL(None)
chance = random.Random({seed})
ended = time.monotonic() + {seconds}
room = ctypes.create_string_buffer(1 << 16)
here = ctypes.addressof(room)
path = ctypes.create_string_buffer(b"/proc/self/mem")

def argument():
    kind = chance.randrange(9)
    if kind == 0: return chance.randrange(16)
    if kind == 1: return here + chance.randrange(1 << 12)
    if kind == 2: return chance.getrandbits(64)
    if kind == 3: return 1 << chance.randrange(64)
    if kind == 4: return -1
    if kind == 5: return chance.choice([os.getpid(), os.getppid(), -os.getpid(), 1])
    if kind == 6: return ctypes.addressof(path)
    if kind == 7: return chance.randrange(1 << 16)
    return 0

def value():
    calls = 0
    while time.monotonic() < ended:
        seed = chance.getrandbits(32)
        child = os.fork()
        if child == 0:
            chance.seed(seed)
            signal.alarm(1)
            for _ in range(400):
                room.raw = chance.randbytes(1 << 8).ljust(1 << 16, b"/")
                libc.syscall(*(ctypes.c_long(each) for each in (chance.randrange(480), *(argument() for _ in range(6)))))
            os._exit(0)
        os.waitpid(child, 0)
        calls += 1
    return calls
"""


def fuzz(seconds: float, seed: int) -> tuple[Counter[str], list[float]]:
    """How the guests ended, and the scores of the gradings beside them."""
    scores: list[float] = []
    is_over = threading.Event()
    beside = threading.Thread(target=_grade, args=(scores, is_over))
    beside.start()
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    try:
        with start("autograder.ps7.guest.environment") as sandbox:
            while time.monotonic() < ends:
                text = RANDOM_CALLS.format(seed=chance.getrandbits(32), seconds=ROUND - 2)
                with sandbox.open(PROBES, program(text), ROUND) as session:
                    outcome = session.ask("call", {})
                outcomes[f"{type(outcome).__name__} {getattr(outcome, 'reason', '')[:60]}".strip()] += 1
                if left := sandbox.guests():
                    outcomes[f"LEFT {len(left)} RUNNING"] += 1
            with sandbox.open(PROBES, program("value = 1"), 20.0) as session:
                assert session.ask("value", {}).facts == {"value": 1}
    finally:
        is_over.set()
        beside.join()
    return outcomes, scores


def _grade(scores: list[float], is_over: threading.Event) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "results.json")
        command = [Path(sys.executable).with_name("ps7"), "grade", ROOT / "reference" / "solution.ipynb", "--out", out]
        while not is_over.is_set():
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            tests = json.loads(out.read_text())["tests"]
            scores.append(round(sum(each.get("score", 0) for each in tests), 6))


def main() -> None:
    seconds = 60 * float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 2**32
    outcomes, scores = fuzz(seconds, seed)
    print(f"seed {seed}; {outcomes.total()} guests:")
    for outcome, count in outcomes.most_common():
        print(f"{count:6}  {outcome}")
    print(f"{len(scores)} gradings beside them, with {sorted(set(scores))} points")
    sys.exit(0 if set(scores) == {10.0} and not any(each.startswith("LEFT") for each in outcomes) else 1)


if __name__ == "__main__":
    main()
