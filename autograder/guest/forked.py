"""The guests that a zygote has forked: how they begin, which unlisted system calls they make, and how they end."""

import contextlib
import os
import selectors
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from autograder.guest import answering
from autograder.guest.confinement import Layer, Listener, Place, confine
from autograder.guest.inherited import inherited

MOST_NAMES = 8
"""How many system calls of one guest are told."""


class Guests:
    """All guests that are still there. `say` sends a message to the host, `selector` serves the zygote's other
    connections."""

    def __init__(
        self, environment: str, selector: selectors.BaseSelector, say: Callable[[dict[str, Any]], None]
    ) -> None:
        self._environment, self._selector, self._say = environment, selector, say
        self._asked: dict[int, list[str]] = {}
        """Maps a guest to the system calls that were refused because no table lists them."""
        self._inherited = inherited()

    def fork(self, connection: socket.socket, home: Place, layers: tuple[Layer, ...]) -> None:
        """Forks a guest that answers on `connection`, which belongs to the guest from now on.

        Raises OSError or ValueError where an earlier guest has lowered this process' limits for good.
        """
        self._inherited.put_back()
        listening, told = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                self._live(connection, told, home, layers)
                status = 0
            finally:
                os._exit(status)
        connection.close()
        told.close()
        self._asked[pid] = []
        self._selector.register(listening, selectors.EVENT_READ, partial(self._take_listener, pid, listening))
        self._say({"forked": pid})

    def _live(self, connection: socket.socket, told: socket.socket, home: Place, layers: tuple[Layer, ...]) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        answering.silence()
        _close_all_but(connection.fileno(), told.fileno())
        answering.move_to(home.scratch)

        def confined() -> None:
            confine(layers, msgspec.structs.replace(home, told=told.fileno()))
            told.close()

        answering.serve(connection, self._environment, confined)

    def _take_listener(self, pid: int, listening: socket.socket) -> None:
        self._selector.unregister(listening)
        with contextlib.suppress(OSError), listening:
            for descriptor in socket.recv_fds(listening, 1, 1)[1]:
                listener = Listener(descriptor)
                self._selector.register(listener, selectors.EVENT_READ, partial(self._refuse, pid, listener))

    def _refuse(self, pid: int, listener: Listener) -> None:
        name = listener.refuse_next()
        if name is None:
            self._selector.unregister(listener)
            listener.close()
        elif name and pid in self._asked and name not in self._asked[pid]:
            self._asked[pid] = [*self._asked[pid], name][:MOST_NAMES]

    def asked(self, pid: int) -> list[str]:
        """The system calls that a guest was refused because no table lists them."""
        return self._asked.get(pid, [])

    def reap(self) -> None:
        """Tells the host how guests have ended. Processes that a guest has left behind are reaped without a message."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._asked:
                code, memory = os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024
                self._say({"ended": pid, "code": code, "memory": memory, "asked": self._asked.pop(pid)})


def _close_all_but(*kept: int) -> None:
    beginning = 3
    for descriptor in sorted(kept):
        os.closerange(beginning, descriptor)
        beginning = descriptor + 1
    os.closerange(beginning, min(os.sysconf("SC_OPEN_MAX"), 4096))
