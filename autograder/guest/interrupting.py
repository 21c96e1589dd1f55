"""Interrupts code that does not end, as long as Python still runs its bytecode."""

import contextlib
import ctypes
import threading
from collections.abc import Iterator


class TooLong(BaseException):
    """The code did not end in time. A notebook's `except Exception` does not catch this."""

    def __init__(self, text: str = "did not end in time") -> None:
        super().__init__(text)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TooLong in this thread, again and again until it gets through. Not by a signal, because Windows has
    none."""
    thread, done = ctypes.c_ulong(threading.get_ident()), threading.Event()

    def interrupt() -> None:
        wait = seconds
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TooLong))
            wait = 0.5

    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        try:
            done.set()
        finally:
            done.set()  # if TooLong came in this moment, the next one comes half a second later
        # A TooLong that is on its way arrives before this ends. To call it back would make CPython 3.11 wait for it for
        # ever.
        watcher.join()
