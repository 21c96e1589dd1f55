"""Writes a file in one step, and where the name says: a link there is replaced, never followed."""

import contextlib
import os
import tempfile
from pathlib import Path


def place(path: Path, content: bytes) -> None:
    """The whole of it or nothing; folders that lead there are made. Raises OSError."""
    os.makedirs(path.parent, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".unfinished-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise


def place_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """The same for a text; what is none in it, as a file name may hold, becomes question marks. Raises OSError."""
    place(path, text.encode(encoding, "replace"))
