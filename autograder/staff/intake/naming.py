"""Names that students chose, made into names of files and of rows: none is a path, and no two are the same."""

import hashlib
import unicodedata
from collections.abc import Iterable

LONGEST = 80
"""Characters of a name; file systems take 255 bytes."""
OURS = frozenset({"grades.csv", "class.html", "changes.csv", "journal.jsonl", "adjustments.toml", "roster.csv"})
"""What lies beside the rows' folders."""
_SEPARATORS = str.maketrans("\\", "/")
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""What some file system has in no name."""
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{each}{n}" for each in ("com", "lpt") for n in range(1, 10))})
"""What is no file on Windows, whatever its ending."""


def parts_of(raw: str) -> tuple[str, ...]:
    """The parts of a name in an archive, as they are written, ".." among them; empty ones say nothing."""
    return tuple(part for part in raw.translate(_SEPARATORS).split("/") if part not in {"", "."})


def row_part(parts: Iterable[str]) -> str:
    """The first part that names anything; "" where none does."""
    return next((part for part in parts if part != ".."), "")


def file_name(raw: str) -> str:
    """One part of a path that every file system takes, told from others by a digest where letters were lost."""
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
    """What a row is called on all pages: a file's name that hides nothing and begins with no dot."""
    return file_name(raw).lstrip(".") or "nameless"


class Names:
    """Names that are given once each. Upper and lower case are the same: on macOS and Windows they are for files."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._used = {_folded(name) for name in taken}
        self._next: dict[str, int] = {}

    def new(self, name: str, *, is_file: bool = False) -> str:
        """The name, or where it is taken, one with a number; of a file before what it ends in."""
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
    """No control, no surrogate, nothing that turns the direction of writing or takes no room."""
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
