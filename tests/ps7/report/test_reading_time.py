"""Text that is made to be slow to read: four times as much of it takes about four times as long, not sixteen times."""

import time

import pytest

from autograder.ps7.student.report import read_evidence
from autograder.student.program import outline
from autograder.student.submission.notebook import Cell, Notebook

FLOOR = 0.05
"""Seconds; a shorter time does not count, however it grows."""
LINEAR, SIZE = 9.0, 8_000


def code(source: str = "", *outputs: str) -> tuple[Cell, ...]:
    return (Cell(kind="code", number=1, source=source, outputs=outputs),)


def markdown(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(kind="markdown", number=0, source=source, outputs=()) for source in sources)


SLOW = {
    "digits on a line": lambda size: code("test()", "accuracy " + "9" * size * 2),
    "figures on a line": lambda size: code("test()", " ".join(f"accuracy 0.{n:05d}" for n in range(size // 2))),
    "the same figure again and again": lambda size: code("test()", "accuracy 0.32\n" * (size // 4)),
    "prose of figures": lambda size: markdown(" ".join(f"{n % 100}.{n % 10}" for n in range(size))),
    "sections": lambda size: markdown(*(f"# Report\nmethod 1 accuracy: 32.{n} %" for n in range(size // 8))),
    "combining marks": lambda size: code("a" + "\u0301\u0323" * size * 4 + " = 1"),
    "nested calls": lambda size: code("f = lambda x: " + "f(" * 80 + "x" + ")" * 80 + f"\nz = [{'1,' * size}]"),
}


def seconds(cells: tuple[Cell, ...]) -> float:
    notebook = Notebook(cells=cells)
    started = time.process_time()
    outline(notebook)
    read_evidence(notebook)
    return max(FLOOR, time.process_time() - started)


@pytest.mark.parametrize("kind", SLOW)
def test_reading_is_linear(kind):
    # The least of a few, because other programs on the machine only add to it.
    more, less = (min(seconds(SLOW[kind](size)) for _ in range(3)) for size in (4 * SIZE, SIZE))
    assert more / less < LINEAR
