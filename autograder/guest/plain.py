"""The process of plain guests: it runs one program after the other and restores itself in between.

It uses only what Python has on every system. The host starts it and talks to it over a loopback connection.
"""

import importlib
import os
import socket
import sys
import threading

import autograder
from autograder.guest import answering, ours
from autograder.guest.interpreter import Interpreter
from autograder.guest.outcomes import ReplyHeader


def main() -> None:
    """Serves sessions in the environment module `argv[1]` on the port `argv[2]` of this machine, with `argv[3]` as the
    working directory, until the host hangs up or something is left that cannot be restored.

    The first line of standard input is the secret by which the host recognises its guest. When the input ends, the host
    is gone, and so this process ends too, whatever runs in it.
    """
    environment, port, scratch = sys.argv[1:4]
    sys.argv = ["notebook"]
    secret = sys.stdin.buffer.readline().strip()
    life = os.dup(0)
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    connection = socket.create_connection(("127.0.0.1", int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(secret)
    packages = importlib.import_module(environment)
    packages.preload()
    ours.import_guests(environment)
    unit = packages.measure()
    answering.silence()
    answering.move_to(scratch)
    fresh = Interpreter(packages.settings)
    # In a virtual environment on Windows the process that the host started is another one, and this is its child.
    said = {"package": autograder.__file__, "unit": unit, "pid": os.getpid()}
    answering.answer(connection, "", ReplyHeader(facts=said))
    while left := answering.serve(connection, environment):
        fresh.restore()
        answering.answer(connection, left.nonce, ReplyHeader())


def _end_with(life: int) -> None:
    while os.read(life, 4096):
        pass
    os._exit(1)
