"""Says what a file looks like that is not a notebook, and shows file names that a student may have chosen."""

import re
from pathlib import Path

_AGAIN = "Download the notebook again (in Colab: File > Download > Download .ipynb) and hand in that file."

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive (or an Office document)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"{\\rtf", "an RTF document"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file it stands for"),
)

_HTML = re.compile(r"\s*<(!doctype|html|head|\?xml|!--)", re.IGNORECASE)
_PYTHON = re.compile(r"(#!|# ?-\*-|# %%|import \w|from [\w.]+ import\b|def \w+\(|class \w+|%)", re.MULTILINE)


def describe_bytes(data: bytes, text: str, error: ValueError) -> str:
    """A message for the student about a file that is not JSON.

    data: the file's bytes; text: the same, decoded; error: the JSON parser's message.
    """
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            return f"The file is {what}, not a notebook, whatever its name says. {_AGAIN}"
    start = text[:4000].lstrip("\ufeff \t\r\n")
    if _HTML.match(start):
        return f"The file is a web page saved as HTML, not the notebook itself. {_AGAIN}"
    line = getattr(error, "lineno", None)
    if start.startswith("{"):
        if "\n<<<<<<< " in text:
            return (
                "The file holds a Git merge conflict (<<<<<<<). Resolve it, open the notebook to check it, "
                "and hand it in again."
            )
        where = f" in line {line}" if line else ""
        return f"The file starts like a notebook, but it is cut off or damaged{where}. {_AGAIN}"
    if any(_PYTHON.match(part) for part in start.splitlines()[:40]):
        return f"The file looks like a Python script, not a notebook. {_AGAIN}"
    return f"The file is not a notebook: it is not JSON. {_AGAIN}"


def shown_name(path: Path | str) -> str:
    """A file name as inline code, on one line, printable and at most 100 characters long."""
    name = str(path)
    name = name if len(name) <= 100 else "..." + name[-97:]
    return "`" + "".join(letter if letter.isprintable() else "?" for letter in name).replace("`", "'") + "`"
