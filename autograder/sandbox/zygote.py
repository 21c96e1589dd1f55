"""The process that guests are forked from: exec'ed clean, it imports what is slow to import and runs no student code.

The host speaks to it over a sequenced-packet socket: a packet `fork` brings along the guest's end of a
connection; the zygote answers with the guest's pid, and later with how it ended.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys


def main() -> None:
    """Serves guests in the environment module `argv[1]` over the socket `argv[2]` until the host hangs up."""
    environment = importlib.import_module(sys.argv[1])
    control = socket.socket(fileno=int(sys.argv[2]))
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    environment.preload()
    # The garbage collector of a guest would else write to, and so copy, every page that it shares with the zygote.
    gc.collect()
    gc.freeze()
    _say(control, {"ready": os.getpid()})
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    selector.register(wake_read, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is control:
                packet, descriptors, *_ = socket.recv_fds(control, 64, 4)
                if not packet:
                    return
                _fork(control, socket.socket(fileno=descriptors[0]), sys.argv[1])
            else:
                os.read(wake_read, 4096)
                _reap(control)


def _fork(control: socket.socket, connection: socket.socket, environment: str) -> None:
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            from autograder.sandbox import guest

            guest.run(connection, environment)
            status = 0
        finally:
            os._exit(status)
    connection.close()
    _say(control, {"forked": pid})


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say(control, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _say(control: socket.socket, message: dict[str, int]) -> None:
    control.send(json.dumps(message).encode())


if __name__ == "__main__":
    main()
