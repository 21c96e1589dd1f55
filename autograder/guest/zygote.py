"""The process that guests are forked from. It starts clean, imports what is slow to import, and runs no student code.

The host talks to it in JSON over a sequenced-packet socket. `fork` passes the guest's end of a connection and says
where the guest lives; the zygote answers with the guest's pid, and later with how it ended. `clear` kills all that is
left of a guest's user, `serve_last` makes the kernel serve all others before it, `asked` says which system calls a
guest was refused because no table lists them.
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
from autograder.guest import control_groups, ours
from autograder.guest.confinement import (
    BY_USER,
    Layer,
    by_namespace,
    can_become,
    namespaces,
    place_for,
    readable,
    tried,
)
from autograder.guest.confinement.kernel import PR_SET_CHILD_SUBREAPER, prctl
from autograder.guest.forked import Guests
from autograder.guest.killer import FamilyKiller, NamespaceKiller, UserKiller
from autograder.guest.processes import threads_of
from autograder.guest.supervision import allowance_here


def main() -> None:
    """Serves guests in the environment module `argv[1]` over the socket `argv[2]` until the host hangs up.

    `argv[3]` is the user of guests, `argv[4]` that of their killer, `argv[5]` the folder of the control group in which
    the kernel counts them, "" for none.
    """
    name, group = sys.argv[1], sys.argv[5]
    descriptor, user, killing = (int(number) for number in sys.argv[2:5])
    sys.argv = ["notebook"]
    if group:
        # Once for all guests: the kernel takes 20 ms to move a process.
        with contextlib.suppress(OSError):  # then the host counts guests by what their processes tell
            control_groups.enter(group)
    killer, possible = _separation(user, killing, descriptor)
    environment = importlib.import_module(name)
    control = socket.socket(fileno=descriptor)
    wake = _woken_by_children()
    environment.preload()
    ours.import_guests(name)
    unit = environment.measure()
    # Otherwise a guest's garbage collector would write to every page that it shares with the zygote, and so copy it.
    gc.freeze()
    paths = tuple(readable(ours.secret(name)))
    threads = allowance_here().threads + (0 if possible is BY_USER else threads_of(os.getuid()))
    trial = tried(possible, place_for(user, os.getcwd(), paths, threads))
    layers = tuple(layer for layer in possible if not trial[layer.name])
    say = partial(_say, control)
    # The number by which the host knows this process, whatever namespace it is in.
    say({"ready": int(os.readlink("/proc/self")), "package": autograder.__file__, "trial": trial, "unit": unit})
    selector = selectors.DefaultSelector()
    guests = Guests(name, selector, say)

    def reap() -> None:
        os.read(wake, 4096)
        guests.reap()

    def obey() -> None:
        packet, descriptors, *_ = socket.recv_fds(control, 4096, 4)
        if not packet:
            killer.kill_all()
            sys.exit()
        order = json.loads(packet)
        if "fork" in order:
            exhibits = (order["exhibits"],) if order["exhibits"] else ()
            home = place_for(order["fork"], order["scratch"], (*paths, *exhibits), threads)
            guests.fork(socket.socket(fileno=descriptors[0]), home, layers)
        elif "clear" in order:
            killer.kill_all()
            say({"cleared": order["clear"]})
        elif "serve_last" in order and isinstance(killer, UserKiller):
            killer.serve_last()
            say({"served_last": order["serve_last"]})
        elif "asked" in order:
            say({"told": guests.asked(order["asked"])})

    selector.register(control, selectors.EVENT_READ, obey)
    selector.register(wake, selectors.EVENT_READ, reap)
    while True:
        for key, _ in selector.select():
            key.data()


def _woken_by_children() -> int:
    """A descriptor that can be read when a child has ended. Processes that guests leave behind become this process'
    children."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # because a guest of the same user could send it
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    # Children are reaped here: not every container has an init that does it.
    with contextlib.suppress(OSError):
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    return wake_read


def _separation(
    user: int, killing: int, control: int
) -> tuple[UserKiller | NamespaceKiller | FamilyKiller, tuple[Layer, ...]]:
    """Chooses the best way that this machine has to tell guests from all other processes: the killer, and the
    layers."""
    if namespaces.are_entered():
        return NamespaceKiller(), by_namespace("")
    if can_become(user):
        return UserKiller(user, killing), BY_USER
    refusal = namespaces.refusal(user)
    if not refusal:
        namespaces.enter(user, control)
    return FamilyKiller(), by_namespace(refusal)


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())
