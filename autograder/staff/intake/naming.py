"""Turns names that students chose into names of files and rows: none is a path, and no two are the same."""

import hashlib
import unicodedata
from collections.abc import Iterable

LONGEST = 80
"""The most characters of a name; file systems take 255 bytes."""
OURS = frozenset({"grades.csv", "class.html", "changes.csv", "journal.jsonl", "adjustments.toml", "roster.csv"})
"""Names that lie beside the rows' folders."""
_SEPARATORS = str.maketrans("\\", "/")
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""Characters that some file system does not take in a name."""
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{each}{n}" for each in ("com", "lpt") for n in range(1, 10))})
"""Names that are not files on Windows, whatever their suffix."""


def parts_of(raw: str) -> tuple[str, ...]:
    """The parts of a name in an archive as they are written, also ".."; empty parts are left out."""
    return tuple(part for part in raw.translate(_SEPARATORS).split("/") if part not in {"", "."})


def row_part(parts: Iterable[str]) -> str:
    """The first part of a path that is a name; "" where there is none."""
    return next((part for part in parts if part != ".."), "")


def file_name(raw: str) -> str:
    """One part of a path in a form that every file system takes. Where letters were lost, a digest tells it from
    others."""
    kept = "".join(each for each in raw if each not in _FORBIDDEN and _is_shown(each)).rstrip(". ")
    stem, dot, ending = kept.rpartition(".")
    is_device = kept.split(".")[0].lower() in _DEVICES
    if kept == raw and kept and len(kept) <= LONGEST and not is_device:
        return kept
    mark = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    if not dot or not stem or len(ending) > 12:
        return f"{kept[:LONGEST]}~{mark}"
    return f"{stem[:LONGEST]}~{mark}.{ending}"


def row_name(raw: str) -> str:
    """The name of a row on all pages: a file's name without hidden characters and without a dot at the start."""
    return file_name(raw).lstrip(".") or "nameless"


class Names:
    """Gives each name once. Upper and lower case count as the same, because they are for files on macOS and Windows."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._used = {_folded(name) for name in taken}
        self._next: dict[str, int] = {}

    def new(self, name: str, *, is_file: bool = False) -> str:
        """The name; where it is taken, the name with a number, which stands before a file's suffix."""
        stem, dot, ending = name.rpartition(".") if is_file else ("", "", "")
        fresh, number = name, self._next.get(_folded(name), 1)
        while _folded(fresh) in self._used:
            number += 1
            fresh = f"{stem}~{number}.{ending}" if dot and stem else f"{name}~{number}"
        self._used.add(_folded(fresh))
        self._next[_folded(name)] = number
        return fresh


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _is_shown(character: str) -> bool:
    """Whether it is no control character, no surrogate, and no character that turns the direction of writing or is
    invisible."""
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
