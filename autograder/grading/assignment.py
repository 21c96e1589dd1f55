"""Where the parts of an assignment lie. Grading needs the rubric and the banks; the rest is what they are made from."""

from pathlib import Path

import msgspec


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one assignment."""

    name: str
    """A frame's notebook is written in NAME.py and generated as NAME.ipynb."""
    rubric: Path
    banks: Path
    template: Path
    """The folder of the frame that students are given."""
    solution: Path
    """The solved notebook, generated."""
    root: Path
    """The folder from which the reference's modules are found by their dotted names."""
    cells: Path
    """ITEM.py: a cell for a student's own notebook that shows what the component should give beside what it gives."""
    misconceptions: Path
    equivalents: Path
    """Mutants of the solved notebook that compute the same: by item, the change and the reason."""
    recorded_run: Path
    """Figures that the solved notebook's cells print."""
    frames: Path
    """A folder of further frames."""
    corpus: Path
    known: str = ""
    """The module of probes, where there is one, whose `record` says in numbers what other probes know of the reference;
    they lie beside it, in a .json of its name."""
    samples: tuple[str, ...] = ()
    """Cases of the corpus's wrong submissions that `demo` grades."""

    @property
    def every_frame(self) -> list[Path]:
        """The folders of all frames, the students' own first."""
        return [self.template, *sorted(path.parent for path in self.frames.glob(f"*/{self.name}.py"))]

    def cell(self, item: str) -> str:
        """The item's cell. Raises OSError where it has none."""
        return (self.cells / f"{item}.py").read_text(encoding="utf-8")

    @property
    def blank(self) -> Path:
        """The blank notebook, generated."""
        return self.template / f"{self.name}.ipynb"
