"""Probes for the tests of the sandbox itself, and programs to load."""

import os
import signal
import sys
import time

from autograder.guest.namespace import Source


def program(*cells: str) -> tuple[Source, ...]:
    """One statement per cell, which binds no name in particular."""
    return tuple(Source(number, 1, text, ("value",)) for number, text in enumerate(cells, start=1))


def value(notebook):
    return {"value": notebook["value"]}, {}


def call(notebook):
    return {"value": notebook["value"]()}, {}


def use(notebook):
    with notebook.theirs():
        return {"value": notebook["value"]()}, {}


def forget(notebook):
    return {"value": {}["a key that nobody has set"]}, {}


def not_plain(notebook):
    return {"value": object()}, {}


def arrays(notebook, size):
    import numpy as np

    return {}, {"ones": np.ones(size)}


def leave(notebook, code):
    os._exit(code)


def crash(notebook):
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(notebook):
    time.sleep(3600)


def leave_a_child_behind(notebook):
    """A daemon: in a session of its own, its parent gone, deaf to polite signals."""
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(0)
    os.wait()
    return {}, {}


def shout(notebook):
    print("x" * 10_000_000)
    sys.stderr.write("y" * 10_000_000)
    return {}, {}


def flood(notebook, connection=3):
    return {"text": "x" * 1_000_000}, {}


def environment(notebook):
    return {"names": sorted(os.environ), "files": [file for file in range(256) if _is_open(file)]}, {}


def _is_open(file):
    try:
        os.fstat(file)
    except OSError:
        return False
    return True
