"""Wrong notebooks graded by otter-grader, by nbgrader and by `ps7 batch`: seconds, memory, and what each of them catches.

    python -m tests.rivals.bench [--notebooks 40] [--json FILE]

The other two are given what a careful instructor writes by hand: the assertions of `assertions/`, a file for each of the
seven items that code decides (the reports they leave to people). All three grade the same notebooks, the solved one
first; the others are given no more than the definitions in them, for they cannot be kept from training and downloading.
One notebook at a time, each in the way in which its documentation grades many: `otter run` once for each, `nbgrader
autograde` once for all, `ps7 batch`. They are installed into a virtual environment of their own, over this one's torch.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import nbformat
import psutil

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import corpus, frames
from autograder.student.grading.rubric import load
from autograder.student.output.results import decode
from autograder.student.program import outline
from autograder.student.submission.notebook import Notebook

ROOT = Path(__file__).parent.parent.parent
ASSERTIONS = {path.stem: path.read_text() for path in sorted(Path(__file__).parent.glob("assertions/*.py"))}
RIVALS = ROOT / "build" / "rivals"
SOLVED = "000-solved"
SILENT = "import io, sys\nsys.stderr = io.StringIO()\n"  # nbgrader gives no marks where a cell warns
GRADEBOOK = """
import json, sys
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    found = {s.student.id: {g.name: g.score for n in s.notebooks for g in n.grades} for s in book.assignment_submissions("ps7")}
print(json.dumps(found))
"""


class Cost(msgspec.Struct):
    """What all notebooks together took."""

    wall: float
    processor: float
    memory: float
    """The greatest sum over all processes of what each uses, shared pages by their part; MB."""


def main() -> None:
    """Prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--notebooks", type=int, default=40)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    _install()
    costs: dict[str, Cost] = {}
    caught: dict[str, dict[str, set[str]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        wrong = dict(_chosen(options.notebooks, place / "in"))
        for name, grade in (("otter-grader", _otter), ("nbgrader", _nbgrader), ("ps7 batch", _ps7)):
            costs[name], caught[name] = grade(place)
    count = len(wrong) + 1
    for name, cost in costs.items():
        print(
            f"{name:13} {cost.wall / count:6.2f} s and {cost.processor / count:6.2f} s of CPU a notebook, "
            f"{60 * count / cost.wall:5.1f} a minute, {cost.memory:5.0f} MB"
        )
    print("\nnotebook                                          its mistakes     found by")
    for notebook, items in wrong.items():
        finders = [name for name in costs if items <= caught[name].get(notebook, set())]
        print(f"{notebook:49} {' '.join(sorted(items)):30} {', '.join(finders) or 'nobody'}")
    for name, found in caught.items():
        whole = sum(items <= found.get(notebook, set()) for notebook, items in wrong.items())
        false = sum(len(found.get(notebook, set()) - items) for notebook, items in wrong.items())
        print(
            f"{name}: all mistakes of {whole} of {len(wrong)}; {false} right items without marks; solved: {found.get(SOLVED, set()) or 'full marks'}"
        )
    if options.json:
        options.json.write_bytes(msgspec.json.encode({"costs": costs, "caught": caught, "wrong": wrong}, enc_hook=list))


def _install() -> None:
    if (RIVALS / "bin" / "nbgrader").exists():
        return
    venv.create(RIVALS, with_pip=False)
    python = RIVALS / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "otter-grader", "nbgrader"], check=True)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    ours = RIVALS / "lib" / version / "site-packages" / "ours.pth"
    ours.write_text(sysconfig.get_path("purelib") + "\n")


def _chosen(most: int, folder: Path) -> Iterator[tuple[str, set[str]]]:
    """Writes the solved notebook and wrong ones; of these gives the names and the items that lose marks."""
    rubric = load(PS7)
    _write(folder, SOLVED, frames.submission(PS7, "solution", PS7.every_frame[-1]))
    wrong = [
        (case, items)
        for case in corpus.cases(PS7.corpus / "wrong", PS7, rubric)
        if (items := set(case.expected.loses_marks) & set(ASSERTIONS))
    ]
    for number in range(min(most, len(wrong))):  # spread over all, which lie beside their like
        case, items = wrong[number * len(wrong) // most]
        _write(folder, case.name, case.notebook)
        yield case.name, items


def _write(folder: Path, name: str, notebook: Notebook) -> None:
    """Whole, and its definitions alone, cell by cell."""
    whole = [nbformat.v4.new_code_cell(cell.source) for cell in notebook.cells if cell.kind == "code"]
    texts: dict[int, list[str]] = {}
    for statement in outline(notebook).statements:
        if statement.acts is None:
            texts.setdefault(statement.cell, []).append(statement.source)
    cut = [nbformat.v4.new_code_cell("\n".join(lines)) for lines in texts.values()]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for kind, cells in (("whole", whole), ("cut", cut)):
        (folder / kind / name).mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / kind / name / "ps7.ipynb")


def _otter(place: Path) -> tuple[Cost, dict[str, set[str]]]:
    tests = place / "otter" / "tests"
    tests.mkdir(parents=True)
    for item, text in ASSERTIONS.items():
        (tests / f"{item}.py").write_text(
            "from otter.test_files import test_case\n\n"
            f'OK_FORMAT = False\nname = "{item}"\npoints = 1\nTEXT = {text!r}\n\n'
            f"@test_case()\ndef test_{item}(env):\n    exec(TEXT, env)\n"
        )
    (place / "otter" / "otter_config.json").write_text("{}")
    command = [RIVALS / "bin" / "otter", "generate", "--no-requirements", "--no-environment"]
    subprocess.run(command, cwd=place / "otter", check=True, capture_output=True)

    def grade() -> None:
        for notebook in sorted((place / "in" / "cut").glob("*/ps7.ipynb")):
            out = place / "otter" / notebook.parent.name
            out.mkdir()
            _run("otter", "run", notebook, "-a", "autograder.zip", "-o", out, "--no-logo", folder=place / "otter")

    cost = _cost(grade)
    found: dict[str, set[str]] = {}
    for path in (place / "otter").glob("*/results.json"):
        tests = json.loads(path.read_text())["tests"]
        found[path.parent.name] = {
            item for item in ASSERTIONS for test in tests if test["name"].startswith(item) and not test.get("score")
        }
    return cost, found


def _nbgrader(place: Path) -> tuple[Cost, dict[str, set[str]]]:
    course = place / "nbgrader"
    tests = [_graded_cell(item, SILENT + text) for item, text in ASSERTIONS.items()]
    (course / "source" / "ps7").mkdir(parents=True)
    nbformat.write(_with(nbformat.v4.new_notebook(), tests), course / "source" / "ps7" / "ps7.ipynb")
    _run("nbgrader", "generate_assignment", "ps7", "--IncludeHeaderFooter.header=", folder=course)
    for path in sorted((place / "in" / "cut").glob("*/ps7.ipynb")):
        handed = course / "submitted" / path.parent.name / "ps7"
        handed.mkdir(parents=True)
        nbformat.write(_with(nbformat.read(path, 4), tests), handed / "ps7.ipynb")
    cost = _cost(lambda: _run("nbgrader", "autograde", "ps7", folder=course))
    python = [RIVALS / "bin" / "python", "-c", GRADEBOOK]
    told = subprocess.run(python, cwd=course, check=True, capture_output=True, text=True).stdout
    graded = json.loads(told.splitlines()[-1])
    return cost, {name: {item for item in scores if not scores[item]} for name, scores in graded.items()}


def _graded_cell(item: str, text: str) -> nbformat.NotebookNode:
    told = {"grade": True, "grade_id": item, "locked": True, "points": 1, "schema_version": 3, "solution": False}
    return nbformat.v4.new_code_cell(text, metadata={"nbgrader": told | {"task": False, "cell_type": "code"}})


def _with(notebook: nbformat.NotebookNode, cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    notebook.cells += cells
    return notebook


def _ps7(place: Path) -> tuple[Cost, dict[str, set[str]]]:
    command = [
        Path(sys.executable).with_name("ps7"),
        "batch",
        place / "in" / "whole",
        "--out",
        place / "ps7",
        "--workers",
        "1",
    ]
    cost = _cost(lambda: subprocess.run(command, check=True, capture_output=True))
    found: dict[str, set[str]] = {}
    for path in (place / "ps7").glob("*/results.json"):
        tests = decode(path.read_bytes()).tests
        found[path.parent.name] = {test.extra_data["item"] for test in tests if test.score < test.max_score} & set(
            ASSERTIONS
        )
    return cost, found


def _run(*command: object, folder: Path) -> None:
    """A grader that fails at a notebook has caught nothing in it; its last words help to find out why."""
    python = {**os.environ, "PATH": f"{RIVALS / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        [str(RIVALS / "bin" / str(command[0])), *map(str, command[1:])],
        cwd=folder,
        env=python,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{command[0]}: exit code {done.returncode}: {done.stderr[-600:]}", file=sys.stderr)


def _cost(grade: object) -> Cost:
    peak, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.2):
            peak = max(peak, sum(_part(each) for each in psutil.Process().children(recursive=True)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    grade()
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    over.set()
    watcher.join()
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak)


def _part(process: psutil.Process) -> float:
    try:
        return process.memory_full_info().pss / 2**20
    except psutil.Error:
        return 0.0


if __name__ == "__main__":
    main()
