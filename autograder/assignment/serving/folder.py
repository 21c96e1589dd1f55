"""A data set's pairs as the files that a notebook looks for, and the code that makes a kernel find them."""

import contextlib
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from autograder.assignment.datasets.archive import Dataset, Part

CAPTIONS, UNNUMBERED = "captions.csv", "captions.txt"
"""As the course has them, and as Kaggle does, without ids."""


class LaidOut(msgspec.Struct, frozen=True):
    """What a kernel needs."""

    code: str = ""
    """To run before the notebook's own."""
    folder: Path | None = None
    """An empty one to run in, so that nothing beside the notebook is overwritten with what comes of other data."""


@contextlib.contextmanager
def laid_out(dataset: Dataset, notebook: Path) -> Iterator[LaidOut]:
    """Until the end there is a folder with the pairs' images and their captions. Raises DatasetError."""
    with tempfile.TemporaryDirectory(prefix="ps7-data-", ignore_cleanup_errors=True) as name:
        pairs, empty = Path(name, "pairs"), Path(name, "run")
        pairs.mkdir()
        empty.mkdir()
        _write(dataset, pairs)
        places = (str(dataset.path.resolve()), str(pairs), str(notebook.resolve().parent))
        yield LaidOut(
            f"from autograder.assignment.serving import kernel\nprint(kernel.serve{places!r})\ndel kernel",
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
