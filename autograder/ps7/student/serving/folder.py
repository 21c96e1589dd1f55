"""A data set's pairs as the files that a notebook looks for, and the code that lets a kernel find them."""

import contextlib
import csv
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from autograder.ps7.student.datasets.archive import Dataset, Part
from autograder.ps7.student.datasets.locating import find
from autograder.student.assignment import LaidOut

CAPTIONS, UNNUMBERED = "captions.csv", "captions.txt"
"""The captions' file of the course, and Kaggle's, which has no ids."""


def lay_out(name: str, notebook: Path) -> AbstractContextManager[LaidOut]:
    """The data set of that name, prepared for a notebook. Raises DatasetError."""
    return laid_out(find(name), notebook)


@contextlib.contextmanager
def laid_out(dataset: Dataset, notebook: Path) -> Iterator[LaidOut]:
    """A folder with the pairs' images and their captions, while the context is open. Raises DatasetError."""
    with tempfile.TemporaryDirectory(prefix="ps7-data-", ignore_cleanup_errors=True) as name:
        pairs, empty = Path(name, "pairs"), Path(name, "run")
        pairs.mkdir()
        empty.mkdir()
        _write(dataset, pairs)
        places = (str(dataset.path.resolve()), str(pairs), str(notebook.resolve().parent))
        yield LaidOut(
            f"from autograder.ps7.student.serving import kernel\nprint(kernel.serve{places!r})\ndel kernel",
            empty,
        )


def _write(dataset: Dataset, folder: Path) -> None:
    rows: list[tuple[str, str, int]] = []
    part: Part = "pairs" if dataset.count("pairs") else "train"
    for place, (name, caption) in enumerate(zip(dataset.names(part), dataset.captions(part), strict=True)):
        if caption:
            flat = name.replace("/", "-")
            (folder / flat).write_bytes(dataset.content(part, place))
            rows.append((flat, caption, len(rows)))
    if not rows:
        return
    for title, head in ((CAPTIONS, ("image", "caption", "id")), (UNNUMBERED, ("image", "caption"))):
        with (folder / title).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *(row[: len(head)] for row in rows)])
