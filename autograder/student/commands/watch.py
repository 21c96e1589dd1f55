"""Waits for a notebook to be saved."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

INTERVAL = 0.2
"""Seconds between two looks at the file."""


def saved(path: Path, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Yields at once, and again each time that the file has changed and then stayed the same for a moment, because some
    editors save in several steps. Waits while the file is away. Never ends."""
    seen = _state(path)
    yield
    while True:
        sleep(INTERVAL)
        now = _state(path)
        if now is None or now == seen:
            continue
        sleep(INTERVAL)
        if _state(path) == now:
            seen = now
            yield


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
