"""A command beside a process that only waits for it, each in processes of their own."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing can be forked here")
ROOT = Path(__file__).parents[2]
BEFORE = """
import os, signal, sys, time, unicodedata
from autograder.staff.commands import watched
watched.GRACE = 0.3
def command():
"""
CAUGHT = "unicodedata.normalize('NFKC', 'a' + chr(0x301) + chr(0x323) * 2 + (chr(0x301) + chr(0x323)) * 90_000)"


def begun(*lines: str) -> subprocess.Popen[str]:
    text = BEFORE + "".join(f"    {line}\n" for line in lines) + "watched.watched(command, 'ps7')\n"
    return subprocess.Popen(
        [sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def is_alive(process: psutil.Process) -> bool:
    """A process that has ended may wait for a long time until its exit code is read."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("line", "code"),
    [("pass", 0), ("sys.exit(3)", 3), ("1 / 0", 1), ("os.kill(os.getpid(), signal.SIGKILL)", 137)],
)
def test_exits_as_the_command_does(line, code):
    command = begun("watched.end_in(60)", "print('done', flush=True)", line)
    printed, wrong = command.communicate(timeout=20)
    assert (printed, command.returncode) == ("done\n", code)
    assert ("ZeroDivisionError" in wrong) == (line == "1 / 0")


@pytest.mark.parametrize("line", ["while True: pass", CAUGHT], ids=["a loop", "a loop of the interpreter's own"])
def test_ends_what_does_not_keep_to_its_time(line):
    started = time.monotonic()
    command = begun(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)", "print(os.getpid(), flush=True)", "watched.end_in(0.5)", line
    )
    printed, wrong = command.communicate(timeout=20)
    assert time.monotonic() - started < 10
    assert command.returncode == 0
    assert "did not keep to its own time limit" in wrong
    assert not psutil.pid_exists(int(printed))


def test_passes_on_that_it_is_to_end():
    command = begun(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))", "print('ready', flush=True)", "time.sleep(60)"
    )
    assert command.stdout.readline() == "ready\n"
    command.terminate()
    command.communicate(timeout=20)
    assert command.returncode == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_the_command_ends_with_it():
    command = begun("print(os.getpid(), flush=True)", "time.sleep(60)")
    child = psutil.Process(int(command.stdout.readline()))
    command.kill()
    command.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(child)
