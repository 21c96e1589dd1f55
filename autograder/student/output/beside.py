"""Pictures that lie beside a notebook, and that its text names by their path."""

import re
from pathlib import Path
from urllib.parse import unquote

MOST_BYTES = 40_000_000
"""The most bytes of all pictures of a notebook together."""


class Beside:
    """Reads them from the notebook's own folder, and from no other place."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder is not None else None
        self._left = MOST_BYTES

    def read(self, address: str) -> bytes:
        """The file's content; b"" where there is no file, where it lies in another place, or where the notebook's
        pictures are too large."""
        if self._folder is None or not address or re.match(r"[a-zA-Z][\w+.-]*:|//", address):
            return b""
        try:
            path = (self._folder / unquote(re.split(r"[?#]", address)[0])).resolve(strict=True)
            if not path.is_relative_to(self._folder) or not path.is_file() or path.stat().st_size > self._left:
                return b""
            content = path.read_bytes()
        except (OSError, ValueError):
            return b""
        self._left -= len(content)
        return content
