"""Kills all processes that a guest has left running, in whatever session."""

import contextlib
import os
import signal

from autograder.guest.processes import descendants_of

KILL, SERVE_LAST = b"kl"
NICEST = 19
MOST_LOOKS, CALM_LOOKS = 100, 3
"""The most looks, and how many looks in a row have to find nothing new: while a look goes on, a process that it has
passed may start another one."""


class FamilyKiller:
    """A killer for everything that this process' children have started."""

    def kill_all(self) -> None:
        """Stops the processes one by one until a look finds none that still runs and could fork; then kills them."""
        stopped: set[int] = set()
        calm = 0
        for _ in range(MOST_LOOKS):
            running = set(descendants_of(os.getpid())) - stopped
            calm = 0 if running else calm + 1
            if calm == CALM_LOOKS:
                break
            _send(signal.SIGSTOP, running)
            stopped |= running
        _send(signal.SIGKILL, stopped)


class NamespaceKiller:
    """A killer for all processes of the namespace in which this process is the first."""

    def kill_all(self) -> None:
        """Sends one signal to all of them, so that none can escape by forking."""
        _kill_all()


class UserKiller:
    """A small process of its own. It is started while the zygote is still small: with torch imported, forking takes
    longer than killing."""

    def __init__(self, user: int, killer: int) -> None:
        self._user, self._killer = user, killer
        self._start()

    def kill_all(self) -> None:
        """Sends one signal to all processes of the user, so that none can escape by forking.

        Raises OSError where no process can become that user's killer.
        """
        self._order(KILL)

    def serve_last(self) -> None:
        """Serves all other processes of the machine before the user's, as far as this machine allows it."""
        try:
            _serve_last(self._user)
        except PermissionError:  # root in a container may not do this, and the user itself may
            self._order(SERVE_LAST)

    def _order(self, order: int) -> None:
        for _ in range(2):
            with contextlib.suppress(BrokenPipeError):
                os.write(self._orders, bytes([order]))
                if os.read(self._answers, 1):
                    return
            os.close(self._orders)
            os.close(self._answers)
            self._start()
        raise PermissionError("the killer ends before it has done what it is for")

    def _start(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                self._serve(orders, answers)
            os._exit(0)
        os.close(orders)
        os.close(answers)

    def _serve(self, orders: int, answers: int) -> None:
        """Serves until the zygote is gone, however it ended; then no process of the user may be left. Keeps no file of
        the zygote open, or the host would not see it end.

        The killer's real and saved user differ from its victims', or they could stop it. Each grader's killer has its
        own, or killers would end one another.
        """
        os.dup2(orders, 0)
        os.dup2(answers, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.closerange(3, 4096)
        os.setresuid(self._killer, self._user, self._killer)
        while order := os.read(0, 1):
            if order[0] == SERVE_LAST:
                # where the victims have a capability that the killer does not have
                with contextlib.suppress(PermissionError):
                    _serve_last(self._user)
            else:
                _kill_all()
            os.write(1, order)
        _kill_all()


def _send(number: int, processes: set[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _kill_all() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def _serve_last(user: int) -> None:
    """Raises PermissionError."""
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_USER, user, NICEST)
