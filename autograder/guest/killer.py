"""What kills whatever a guest has left running, in whatever session."""

import contextlib
import os
import signal

from autograder.guest.processes import descendants_of

KILL, SERVE_LAST = b"kl"
NICEST = 19
MOST_LOOKS, CALM_LOOKS = 100, 3
"""A look takes a while, in which one that has been looked at may start another."""


class FamilyKiller:
    """Of all that this process' children have started."""

    def kill_all(self) -> None:
        """Stops one after the other, until a look finds none that still runs and could fork out of its way; then kills
        them."""
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
    """Of all in the namespace of processes whose first this one is."""

    def kill_all(self) -> None:
        """Sends one signal to all, so that none can fork out of its way."""
        _kill_all()


class UserKiller:
    """A small process of its own. Started while the zygote is still small: to fork what has torch imported takes
    longer than to kill."""

    def __init__(self, user: int, killer: int) -> None:
        self._user, self._killer = user, killer
        self._start()

    def kill_all(self) -> None:
        """Sends one signal to all processes of the user, so that none can fork out of its way.

        Raises OSError where no process can become that user's killer.
        """
        self._order(KILL)

    def serve_last(self) -> None:
        """Has all others of the machine served before the user's processes, as far as this machine lets us."""
        try:
            _serve_last(self._user)
        except PermissionError:  # root in a container may not, and their own user may
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
        """Until the zygote is gone, however it ended: then nothing of the user's is to be left. Nothing of the zygote
        stays open here, or the host would not see it end.

        The killer's real and saved user are others than its victims', or they could stop it; and they are its own, or
        the killers of several graders would end one another.
        """
        os.dup2(orders, 0)
        os.dup2(answers, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.closerange(3, 4096)
        os.setresuid(self._killer, self._user, self._killer)
        while order := os.read(0, 1):
            if order[0] == SERVE_LAST:
                with contextlib.suppress(PermissionError):  # where they have a capability that it has not
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
