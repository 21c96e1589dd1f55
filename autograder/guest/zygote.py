"""The process that guests are forked from: exec'ed clean, it imports what is slow to import and runs no student code.

The host speaks to it in JSON over a sequenced-packet socket. `fork` brings along the guest's end of a connection and
says where the guest lives; the zygote answers with the guest's pid, and later with how it ended. `clear` kills whatever
is left of a guest's user, `serve_last` has the kernel serve all others before it.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from functools import partial
from typing import Any

import autograder
from autograder.guest import answering, ours
from autograder.guest.confinement import (
    BY_USER,
    Layer,
    Place,
    by_namespace,
    can_become,
    confine,
    namespaces,
    place_for,
    readable,
    tried,
)
from autograder.guest.confinement.kernel import PR_SET_CHILD_SUBREAPER, prctl
from autograder.guest.killer import FamilyKiller, NamespaceKiller, UserKiller
from autograder.guest.processes import threads_of
from autograder.guest.supervision import allowance_here


def main() -> None:
    """Serves guests in the environment module `argv[1]` over the socket `argv[2]` until the host hangs up.

    `argv[3]` is the user of guests, `argv[4]` that of their killer.
    """
    name, descriptor, user, killing = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    sys.argv = ["notebook"]
    killer, possible = _separation(user, killing, descriptor)
    environment = importlib.import_module(name)
    control = socket.socket(fileno=descriptor)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a guest of the same user could send it
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    # What guests leave behind is reaped here: not every container has an init that does it.
    with contextlib.suppress(OSError):
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    environment.preload()
    ours.import_guests(name)
    unit = environment.measure()
    # The garbage collector of a guest would else write to, and so copy, every page that it shares with the zygote.
    gc.freeze()
    paths = tuple(readable(ours.secret(name)))
    threads = allowance_here().threads + (0 if possible is BY_USER else threads_of(os.getuid()))
    trial = tried(possible, place_for(user, os.getcwd(), paths, threads))
    layers = tuple(layer for layer in possible if not trial[layer.name])
    # The number by which the host knows this process, whatever namespace it has entered.
    _say(
        control, {"ready": int(os.readlink("/proc/self")), "package": autograder.__file__, "trial": trial, "unit": unit}
    )
    guests: set[int] = set()
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is control:
                packet, descriptors, *_ = socket.recv_fds(control, 4096, 4)
                if not packet:
                    return
                order = json.loads(packet)
                if "clear" in order:
                    killer.kill_all()
                    _say(control, {"cleared": order["clear"]})
                elif "serve_last" in order and isinstance(killer, UserKiller):
                    killer.serve_last()
                    _say(control, {"served_last": order["serve_last"]})
                else:
                    exhibits = (order["exhibits"],) if order["exhibits"] else ()
                    home = place_for(order["fork"], order["scratch"], (*paths, *exhibits), threads)
                    connection = socket.socket(fileno=descriptors[0])
                    guests.add(_fork(control, connection, name, home, layers))
            else:
                os.read(wake_read, 4096)
                _reap(control, guests)


def _separation(
    user: int, killing: int, control: int
) -> tuple[UserKiller | NamespaceKiller | FamilyKiller, tuple[Layer, ...]]:
    """Takes the best that there is to tell guests from all other processes: what ends them, and the layers."""
    if namespaces.are_entered():
        return NamespaceKiller(), by_namespace("")
    if can_become(user):
        return UserKiller(user, killing), BY_USER
    refusal = namespaces.refusal(user)
    if not refusal:
        namespaces.enter(user, control)
    return FamilyKiller(), by_namespace(refusal)


def _fork(
    control: socket.socket, connection: socket.socket, environment: str, home: Place, layers: tuple[Layer, ...]
) -> int:
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            _keep_alone(connection)
            answering.move_to(home.scratch)
            answering.serve(connection, environment, partial(confine, layers, home))
            status = 0
        finally:
            os._exit(status)
    connection.close()
    _say(control, {"forked": pid})
    return pid


def _keep_alone(connection: socket.socket) -> None:
    """Of all open files; standard streams lead nowhere."""
    answering.silence()
    kept = connection.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 4096 else 4096)


def _reap(control: socket.socket, guests: set[int]) -> None:
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in guests:
            code = os.waitstatus_to_exitcode(status)
            _say(control, {"ended": pid, "code": code, "memory": usage.ru_maxrss / 1024})


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())
