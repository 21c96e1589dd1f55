"""Lists which system calls guests make, and what happens to them: `python -m tests.sandbox.tracing COMMAND...`, which
needs strace.

For the tables of `autograder.guest.confinement.calls`: run it over gradings with another version of Python or torch,
for example `python -m tests.sandbox.tracing ps7 grade reference/solution.ipynb`. Exit 1 where a guest makes a call that
no table lists.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.guest.confinement import calls

LINE = re.compile(r"^(?P<pid>\d+) +(?:<\.\.\. )?(?P<call>[a-z]\w*)(?:\(| resumed>)(?P<rest>.*)$")
CONFINED = re.compile(r"PR_SET_SECCOMP, SECCOMP_MODE_FILTER,.*= 0$")
STARTED = re.compile(r"= (\d+)$")
UNFINISHED = " <unfinished ...>"
STARTING = {"clone", "fork", "vfork"}
LISTED = {**calls.ALLOWED, **calls.REFUSED, **calls.UNDONE, **calls.BY_ARGUMENT}


def main() -> None:
    strace = shutil.which("strace")
    if strace is None:
        sys.exit("strace is not installed")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = [strace, "-f", "-qq", "-e", "signal=none", "-s", "0", "-o", log, *sys.argv[1:]]
        code = subprocess.run(command, check=False).returncode
        with log.open(errors="replace") as lines:
            born = beginnings(lines)
        with log.open(errors="replace") as lines:
            made, refused = made_by_guests(lines, born)
    print(f"\nexit code {code}; {len(born)} processes and threads of guests")
    for name, count in sorted(made.items()):
        print(f"{count:9}  {name}{f', {refused[name]} times refused' if refused[name] else ''}{of(name)}")
    sys.exit(1 if made.keys() - LISTED.keys() or not made else 0)


def of(name: str) -> str:
    """A note on the call."""
    return "" if name in LISTED else "  <-- NO TABLE LISTS IT"


def beginnings(lines: Iterable[str]) -> dict[int, int]:
    """Maps guests, and all processes that they have started, to the number of the line after which they are
    confined."""
    parents: dict[int, int] = {}
    born: dict[int, int] = {}
    for number, (pid, call, rest) in _read(lines):
        if call in STARTING and (started := STARTED.search(rest)):
            parents[int(started[1])] = pid
        elif call == "prctl" and CONFINED.search(rest):
            born[pid] = number
    found = dict(born)
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor not in born:
            ancestor = parents[ancestor]
        if ancestor in born:
            found.setdefault(pid, 0)
    return found


def made_by_guests(lines: Iterable[str], born: dict[int, int]) -> tuple[Counter[str], Counter[str]]:
    """How often each call was made, and how often refused."""
    made: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for number, (pid, call, rest) in _read(lines):
        if number > born.get(pid, sys.maxsize):
            made[call] += 1
            refused[call] += "= -1 EPERM" in rest or "= -1 ENOSYS" in rest
    return made, refused


def _read(lines: Iterable[str]) -> Iterator[tuple[int, tuple[int, str, str]]]:
    """Yields each call when it is over: strace writes a call in two parts if others come in between."""
    begun: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not (found := LINE.match(line)):
            continue
        rest = found["rest"].rstrip()
        if rest.endswith(UNFINISHED):
            begun[found["pid"]] = rest.removesuffix(UNFINISHED)
        else:
            yield number, (int(found["pid"]), found["call"], begun.pop(found["pid"], "") + rest)


if __name__ == "__main__":
    main()
