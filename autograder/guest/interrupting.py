"""Ends what does not end, where Python still listens."""

import contextlib
import ctypes
import threading
from collections.abc import Iterator


class TooLong(BaseException):
    """It did not end in time; no `except Exception` of a notebook's catches this."""

    def __init__(self, text: str = "did not end in time") -> None:
        super().__init__(text)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TooLong in this thread, again and again until it gets through. Not by a signal, which Windows has not."""
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
            done.set()  # if TooLong came just then, the next is half a second away
        # One on its way arrives by the end of this. To call it back would leave CPython 3.11 waiting for it for ever.
        watcher.join()
