"""The process that guests are forked from: exec'ed clean, it imports what is slow to import and runs no student code.

The host speaks to it in JSON over a sequenced-packet socket. `fork` brings along the guest's end of a connection and
says where the guest lives; the zygote answers with the guest's pid, and later with how it ended. `clear` kills whatever
is left of a guest's user, `serve_last` has the kernel serve all others before it, `asked` tells which system calls a
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
from autograder.guest import ours
from autograder.guest.confinement import (
    BY_USER,
    Layer,
    Place,
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
    say = partial(_say, control)
    # The number by which the host knows this process, whatever namespace it has entered.
    say({"ready": int(os.readlink("/proc/self")), "package": autograder.__file__, "trial": trial, "unit": unit})
    selector = selectors.DefaultSelector()
    guests = Guests(name, selector, say)

    def place(order: dict[str, Any]) -> Place:
        exhibits = (order["exhibits"],) if order["exhibits"] else ()
        return place_for(order["fork"], order["scratch"], (*paths, *exhibits), threads)

    def reap() -> None:
        os.read(wake_read, 4096)
        guests.reap()

    def obey() -> None:
        packet, descriptors, *_ = socket.recv_fds(control, 4096, 4)
        if not packet:
            sys.exit()
        order = json.loads(packet)
        if "clear" in order:
            killer.kill_all()
            say({"cleared": order["clear"]})
        elif "serve_last" in order and isinstance(killer, UserKiller):
            killer.serve_last()
            say({"served_last": order["serve_last"]})
        elif "asked" in order:
            say({"told": guests.asked(order["asked"])})
        else:
            guests.fork(socket.socket(fileno=descriptors[0]), place(order), layers, order["group"])

    selector.register(control, selectors.EVENT_READ, obey)
    selector.register(wake_read, selectors.EVENT_READ, reap)
    while True:
        for key, _ in selector.select():
            key.data()


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


def _say(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())
