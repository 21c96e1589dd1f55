"""Changes notebooks, frames and archives at random and grades them: `python -m tests.fuzz WHAT --seconds N`.

No guest is asked anything. The grader's own code is tested, with bytes, JSON, syntax and replies that nobody would
write. Every result has to be valid, in time, and without a traceback of ours; an input that breaks this is kept in
build/fuzz.
"""

import argparse
import copy
import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from autograder.guest import wire
from autograder.guest.answering import Header
from autograder.guest.outcomes import Ended, Raised, ReplyHeader
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from autograder.student.commands import grade as grading
from autograder.student.commands.grade import Settings
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode
from autograder.student.sandbox.session import Session
from tests.intake.fuzzing import fuzz_archives

KEPT = Path("build/fuzz")
WORDS = [
    "lambda: ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "=",
    ":=",
    "*",
    "**",
    "@",
    "\\",
    "'",
    '"""',
    "#",
    "%",
    "!",
    "\n",
    "\t",
]
WORDS += [
    "async ",
    "await ",
    "yield ",
    "class A: ",
    "def f(): ",
    "return ",
    "global x\n",
    "del ",
    "match x:\n case _: ",
    "f'{x!r:{y}}'",
]
WORDS += [
    "0x" + "f" * 5_000,
    "1e999",
    "-0",
    "9" * 5_000,
    "1_0",
    "x." * 400 + "x",
    "1+" * 500 + "1",
    "((" * 60 + "))" * 60,
    "not " * 300,
]
WORDS += [
    "a" + "\u0301" * 3_000,
    "\u202e",
    "\x00",
    "\ud800",
    "\x0c",
    "\r",
    "\u2028",
    "\U0001f600",
    "ﬁ",
    "train_classifier(",
    "epochs=",
    "supervised=",
]
VALUES = [
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "x",
    [],
    {},
    [[[[]]]],
    "\ud800",
    "<b>`",
    10**400,
    {"text/plain": 7},
    "9.99%" * 3_000,
    "| 1 | 2 |\n" * 500,
]


def mutated_bytes(chance: random.Random, data: bytes) -> bytes:
    """Some slices deleted, doubled, moved or replaced."""
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 1, 2, 8, 64, 1_000]))
        piece = data[start:end]
        put = chance.choice(
            [b"", piece * 2, bytes(chance.randrange(256) for _ in piece), piece[::-1], b"[" * chance.choice([1, 2_000])]
        )
        data = data[:start] + put + data[end:]
    return data


def mutated_json(chance: random.Random, content: object) -> bytes:
    """Some values deleted, doubled or replaced."""
    for _ in range(chance.randint(1, 8)):
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else range(len(place)) if isinstance(place, list) else []
            if not keys:
                break
            key = chance.choice(list(keys))
            below = place[key]
            if isinstance(below, dict | list) and below and chance.random() < 0.8:
                place = below
                continue
            action = chance.randrange(4)
            if action == 0:
                del place[key]
            elif action == 1 and isinstance(place, list):
                place.insert(key, copy.deepcopy(below))
            else:
                place[key] = copy.deepcopy(chance.choice(VALUES))
            break
    return json.dumps(content).encode("utf-8", "surrogatepass")


def mutated_code(chance: random.Random, content: dict) -> bytes:
    """Some lines and words of cells and outputs deleted, doubled, moved or replaced."""
    cells = [cell for cell in content["cells"] if cell["source"]]
    for _ in range(chance.randint(1, 6)):
        cell = chance.choice(cells)
        text = "".join(cell["source"])
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice([0, 1, 4, 20, 200]))
        put = chance.choice(
            [chance.choice(WORDS), text[start:end] * 2, "".join(chance.choice(cells)["source"])[:400], ""]
        )
        cell["source"] = text[:start] + put + text[end:]
        if cell.get("outputs") and chance.random() < 0.5:
            cell["outputs"].append(
                {"output_type": "stream", "name": "stdout", "text": chance.choice(WORDS) * chance.choice([1, 40])}
            )
    return json.dumps(content).encode("utf-8", "surrogatepass")


class Silent:
    """A sandbox in which every guest ends at once."""

    layers, unit = (), 1.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def open(self, *_, **__):
        return self

    loaded = Ended(reason="no guest")


def fuzz_notebooks(chance: random.Random, seconds: float) -> Counter:
    """Grades mutated notebooks with public and hidden banks."""
    grading.start = lambda *_: Silent()
    rubric = load(PS7)
    originals = [frames.text(frames.generate(PS7, "solution", folder)).encode() for folder in PS7.every_frame]
    count, slowest = Counter(), 0.0
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "hw.ipynb"), Path(folder, "results.json")
        while time.monotonic() < end:
            original = chance.choice(originals)
            kind = chance.choice(["bytes", "json", "code", "code"])
            if kind == "bytes":
                data = mutated_bytes(chance, original)
            else:
                data = (mutated_json if kind == "json" else mutated_code)(chance, json.loads(original))
            path.write_bytes(data)
            started = time.monotonic()
            try:
                results = grading.grade_submission(Settings(assignment=PS7, rubric=rubric), path, out)
                assert decode(out.read_bytes()) == results
                text = msgspec.json.encode(results).decode()
                wrong = "the grader itself failed" in text or "Traceback" in text
            except Exception as error:
                wrong = repr(error)
            took = time.monotonic() - started
            slowest = max(slowest, took)
            count[kind] += 1
            count["unreadable"] += "unreadable" in results.extra_data
            if wrong or took > 5:
                count["wrong"] += 1
                KEPT.mkdir(parents=True, exist_ok=True)
                (KEPT / f"{kind}-{count['wrong']}.ipynb").write_bytes(data)
                print(kind, count["wrong"], wrong, f"{took:.1f} s", flush=True)
    print(f"slowest {slowest:.2f} s")
    return count


class Pair:
    """A guest at the other end of a socket that sends one thing."""

    def __init__(self, said: bytes) -> None:
        self.connection, self._theirs = socket.socketpair()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        self._theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        self._theirs.setblocking(False)
        self._theirs.send(said)
        self._theirs.shutdown(socket.SHUT_WR)

    def watch(self) -> None: ...

    def exit_code(self) -> int | None:
        return None

    def end(self) -> None: ...

    def asked(self):
        return ()

    def starved(self):
        return None

    def full(self):
        return None

    def leave(self) -> None:
        self.connection.close()
        self._theirs.close()


def fuzz_frames(chance: random.Random, seconds: float) -> Counter:
    """Puts mutated answers to the host's side of a session."""
    import secrets

    secrets.token_hex = lambda _: "n" * 32
    outcomes = [
        (
            ReplyHeader({"layers": ["conv"], "shape": [[4, 24], [4]], "loss": 1.5}),
            {"output": np.ones((4, 3)), "gradient": np.arange(5)},
        ),
        (Raised("ValueError", "text", ()), {}),
    ]
    valid = []
    for outcome, arrays in outcomes:
        one, other = socket.socketpair()
        wire.send(one, msgspec.json.encode(Header("n" * 32, outcome)), arrays)
        valid.append(other.recv(2**20))
        one.close()
        other.close()
    count: Counter = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = mutated_bytes(chance, chance.choice(valid))
        session = Session(Pair(said), "probes", (), 5.0)
        count[type(session.loaded).__name__] += 1
        session.close()
    return count


FUZZERS = {
    "notebooks": fuzz_notebooks,
    "frames": fuzz_frames,
    "archives": partial(fuzz_archives, mutated=mutated_bytes),
}


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", choices=["notebooks", "frames", "archives"])
    arguments.add_argument("--seconds", type=float, default=600.0)
    arguments.add_argument("--seed", type=int, default=0)
    asked = arguments.parse_args()
    count = FUZZERS[asked.what](random.Random(asked.seed), asked.seconds)
    print(dict(count))
    sys.exit(1 if count["wrong"] else 0)


if __name__ == "__main__":
    main()
