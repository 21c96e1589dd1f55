"""Writes a file in one step, and exactly at its path: a link there is replaced, never followed."""

import contextlib
import os
import tempfile
from pathlib import Path


def place(path: Path, content: bytes) -> None:
    """Writes the whole file or nothing; makes the folders that lead there. Raises OSError."""
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
    """Writes a text in the same way; characters that cannot be encoded, as in a file's name, become question marks.
    Raises OSError."""
    place(path, text.encode(encoding, "replace"))
