"""Makes what is generated: the two notebooks and the banks."""

from collections.abc import Iterator
from pathlib import Path

from autograder import bank, misconceptions, notebooks, oracle
from autograder.rubric import Rubric
from autograder.sandbox.host import Zygote

ROOT = Path(__file__).parent.parent
NOTEBOOKS: dict[notebooks.Version, Path] = {
    "template": ROOT / "student_template" / "ps7.ipynb",
    "solution": ROOT / "reference" / "solution.ipynb",
}


def build_notebooks() -> Iterator[Path]:
    """Writes the blank and the solved notebook and yields their paths."""
    for version, path in NOTEBOOKS.items():
        path.write_text(notebooks.text(notebooks.generate(version)), encoding="utf-8")
        yield path


def build_banks(rubric: Rubric, folder: Path = bank.FOLDER) -> Iterator[Path]:
    """Records the reference and all misconceptions and yields the files. Takes about half a minute."""
    with Zygote(rubric.environment) as zygote:
        recorded = oracle.record(rubric, misconceptions.solution(), misconceptions.recorded(rubric), zygote)
    yield from oracle.write(recorded, folder)
