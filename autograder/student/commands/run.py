"""Runs a notebook from top to bottom in a fresh kernel, as *Restart and run all* does, and keeps all outputs so far
whatever happens. The kernel is the user's own Python, unconfined."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from autograder.student.output.called import Command
from autograder.student.output.placing import place_text
from autograder.student.submission.locating import MADE_BY, read_bytes
from autograder.student.submission.notebook import parse_content

SAMPLE_SECONDS = 0.5
START_SECONDS = 120


class CannotBegin(Exception):
    """The code to run before the first cell has failed; the message says how."""


class Ran(msgspec.Struct, frozen=True):
    """One code cell that was run."""

    number: int
    """Its number among the code cells, from 1."""
    seconds: float
    memory: int
    """The most bytes that the kernel and its children used while the cell ran."""
    wrong: str = ""
    """How it failed, as a sentence without a full stop; "" where it did not."""
    final: bool = False
    """Whether nothing can be run after it, because the kernel is gone."""


def run_notebook(
    path: Path,
    out: Path,
    *,
    cell_seconds: float,
    seconds: float,
    keep_going: bool = False,
    before: str = "",
    folder: Path | None = None,
    begun: Callable[[int, int, str], None] = lambda *_: None,
) -> Iterator[Ran]:
    """Runs the notebook in its own folder, or in the given one, and yields every code cell as it ends; `out` then holds
    the outputs so far.

    The code `before` runs first; what it prints becomes the copy's first cell, as markdown. A cell that takes longer
    than `cell_seconds`, or than what is left of `seconds`, ends the kernel with everything that it has started. `begun`
    is called with the number of a cell, the number of cells, and the cell's first line. Raises UnreadableSubmission,
    CannotBegin, and OSError where `out` cannot be written.
    """
    notebook = _blank(path)
    end = time.monotonic() + seconds
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        startup_timeout=START_SECONDS,
        resources={"metadata": {"path": str(folder or path.resolve().parent)}},
    )
    _write(notebook, out)
    with _kernel(client) as watch:
        if before:
            notebook.cells.insert(0, _prepared(client, before))
        code = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        for number, (index, cell) in enumerate(code, start=1):
            begun(number, len(code), next(iter(cell.source.strip().split("\n"))))
            client.timeout = max(1, round(min(cell_seconds, end - time.monotonic())))
            ran = _run(client, cell, index, number, watch)
            _write(notebook, out)
            yield ran
            if ran.final or (ran.wrong and not keep_going):
                return


def _prepared(client: NotebookClient, code: str) -> nbformat.NotebookNode:
    """Runs code that is not a cell of the notebook, and returns the cell that shows its output."""
    cell = nbformat.v4.new_code_cell(code)
    client.nb.cells.insert(0, cell)
    try:
        client.execute_cell(cell, 0)
    except CellExecutionError as error:
        raise CannotBegin(f"{error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise CannotBegin(str(error)) from None
    finally:
        del client.nb.cells[0]
    printed = (output.text for output in cell.outputs if output.get("name") == "stdout")
    return nbformat.v4.new_markdown_cell("".join(printed).strip())


def _run(client: NotebookClient, cell: nbformat.NotebookNode, index: int, number: int, watch: "_Watch") -> Ran:
    started, wrong, final = time.monotonic(), "", False
    watch.peak = 0
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        wrong = f"it raised {error.ename}: {error.evalue}".split("\n")[0][:300]
    except CellTimeoutError:
        wrong, final = f"it was still running after {client.timeout} s and was stopped", True
    except DeadKernelError:
        wrong, final = "the Python process died, often because memory ran out", True
    watch.look()
    if final:
        cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=f"{Command.name} run: {wrong}\n"))
    return Ran(number, round(time.monotonic() - started, 1), watch.peak, wrong, final)


class _Watch(threading.Thread):
    """Looks at the kernel and its children every now and then."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.seen: set[psutil.Process] = set()
        self.over = threading.Event()
        self._kernel = psutil.Process(pid)

    def run(self) -> None:
        while not self.over.wait(SAMPLE_SECONDS):
            self.look()

    def look(self) -> None:
        """Notes which processes there are, and how much memory they use."""
        with contextlib.suppress(psutil.Error):
            tree = [self._kernel, *self._kernel.children(recursive=True)]
            self.seen.update(tree)
            self.peak = max(self.peak, sum(_memory(process) for process in tree))

    def end(self) -> None:
        """Kills all processes that it has seen and that still run."""
        self.over.set()
        self.join()
        for process in self.seen:
            with contextlib.suppress(psutil.Error):
                if process.is_running():
                    process.kill()


def _memory(process: psutil.Process) -> int:
    """Bytes. Memory that several processes share, as a notebook's loaders do, is divided among them where the system
    tells."""
    known = process.memory_full_info()
    return int(getattr(known, "pss", known.rss))


@contextlib.contextmanager
def _kernel(client: NotebookClient) -> Iterator[_Watch]:
    client.create_kernel_manager()
    client.start_new_kernel(stderr=subprocess.DEVNULL)  # the output of cells is read in another way
    client.start_new_kernel_client()
    watch = _Watch(client.km.provisioner.pid)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()
        with contextlib.suppress(Exception):
            client._cleanup_kernel()


def _blank(path: Path) -> nbformat.NotebookNode:
    """The notebook without outputs, in the form that nbformat accepts, whatever program wrote it."""
    content = parse_content(read_bytes(path), [])
    cells = []
    for cell in content["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") not in {"code", "markdown", "raw"}:
            continue
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        made = getattr(nbformat.v4, f"new_{cell['cell_type']}_cell")(text)
        made.metadata.update(cell["metadata"] if isinstance(cell.get("metadata"), dict) else {})
        cells.append(made)
    return nbformat.v4.new_notebook(cells=cells, metadata={MADE_BY: "run"})


def _write(notebook: nbformat.NotebookNode, out: Path) -> None:
    """Writes the whole file, or nothing."""
    place_text(out, nbformat.writes(notebook))
