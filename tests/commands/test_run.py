"""Real kernels; a few seconds each."""

import json
import time
from importlib.util import find_spec

import nbformat
import psutil
import pytest

from autograder.student.commands.run import CannotBegin, run_notebook
from autograder.student.output.called import Command
from autograder.student.submission.locating import find_notebook
from tests.invoking import invoke
from tests.ps7.small import COUNTS, small_dataset

TEXT = {
    "hangs": "while True: pass",
    "ignores": "while True:\n    try: time.sleep(99)\n    except KeyboardInterrupt: pass",
}


def written(folder, *cells):
    path = folder / "mine.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [
        {"cell_type": "code", "source": cell, "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}]}
        for cell in cells
    ]}))  # fmt: skip
    return path


def ran(path, **limits):
    out = path.with_suffix(".run.ipynb")
    cells = list(run_notebook(path, out, **{"cell_seconds": 30.0, "seconds": 60.0} | limits))
    return cells, nbformat.read(out, as_version=4).cells


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_runs_in_the_notebooks_folder_and_keeps_outputs(tmp_path):
    (tmp_path / "data.txt").write_text("beside it")
    path = written(tmp_path, "x = open('data.txt').read()", "print(x)", "x")
    before = path.read_bytes()
    cells, executed = ran(path)
    assert [(cell.number, cell.wrong) for cell in cells] == [(1, ""), (2, ""), (3, "")]
    assert all(cell.memory > 10_000_000 for cell in cells)
    assert [printed(cell) for cell in executed] == ["", "beside it\n", ""]
    assert executed[2].outputs[0].data["text/plain"] == "'beside it'"
    assert path.read_bytes() == before


@pytest.mark.parametrize(("keep_going", "numbers"), [(False, [1, 2]), (True, [1, 2, 3])])
def test_a_cell_that_raises_is_kept_with_its_error(tmp_path, keep_going, numbers):
    cells, executed = ran(written(tmp_path, "print(1)", "1 / 0", "print(3)"), keep_going=keep_going)
    assert [cell.number for cell in cells] == numbers
    assert cells[1].wrong == "it raised ZeroDivisionError: division by zero"
    assert executed[1].outputs[0].ename == "ZeroDivisionError"
    assert printed(executed[2]) == ("3\n" if keep_going else "")


@pytest.mark.parametrize("loop", ["hangs", pytest.param("ignores", marks=pytest.mark.slow)])
def test_a_cell_that_does_not_end_is_stopped_with_its_children(tmp_path, loop):
    text = f"import subprocess, time\nprint(subprocess.Popen(['sleep', '999']).pid, flush=True)\ntime.sleep(.5)\n{TEXT[loop]}"
    started = time.monotonic()
    cells, executed = ran(written(tmp_path, text, "print(2)"), cell_seconds=2.0)
    assert time.monotonic() - started < 20
    assert [cell.final for cell in cells] == [True]
    assert cells[0].wrong == "it was still running after 2 s and was stopped"
    child = int(printed(executed[0]).split()[0])
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert f"{Command.name} run: it was still running" in printed(executed[0])


def test_a_kernel_that_dies_leaves_what_was_done(tmp_path):
    cells, executed = ran(written(tmp_path, "print('first')", "import os; os._exit(1)", "print(3)"), keep_going=True)
    assert "the Python process died" in cells[1].wrong
    assert len(cells) == 2
    assert printed(executed[0]) == "first\n"


def test_the_command_tells_each_cell_and_checks_the_copy(tmp_path):
    path = written(tmp_path, "print('hello')", "1 / 0")
    done = invoke(["run", str(path), "--no-check", "--out", str(tmp_path / "copy.ipynb")])
    assert done.exit_code == 1
    assert "it raised ZeroDivisionError" in done.output
    assert "hello" in (tmp_path / "copy.ipynb").read_text()
    lost = invoke(["run", str(tmp_path / "lost.ipynb")])
    assert lost.exit_code == 2


@pytest.mark.skipif(find_spec("torchvision") is None, reason="needs torchvision")
def test_on_given_data_it_leaves_nothing_but_the_copy_which_says_so(tmp_path):
    data = small_dataset(tmp_path / "small.zip")
    (tmp_path / "home").mkdir()
    path = written(
        tmp_path / "home",
        "from torchvision.datasets import STL10\nprint(len(STL10('.', 'test', download=True)))",
        "open('made.txt', 'w').close()\nget_ipython().system('wget somewhere')",
    )
    done = invoke(["run", str(path), "--no-check", "--data", str(data)])
    assert done.exit_code == 0, done.output
    assert sorted(each.name for each in path.parent.iterdir()) == ["mine.ipynb", "mine.run.ipynb"]
    told, first, second = nbformat.read(path.with_suffix(".run.ipynb"), as_version=4).cells
    assert told.cell_type == "markdown"
    assert "synthetic images “small”" in told.source
    assert printed(first) == f"{COUNTS['test']}\n"
    assert printed(second) == "left out by ps7 run\n"


def test_a_kernel_that_cannot_be_given_the_data_is_no_traceback(tmp_path):
    path, out = written(tmp_path, "1"), tmp_path / "copy.ipynb"
    with pytest.raises(CannotBegin, match="ZeroDivisionError: division by zero"):
        next(run_notebook(path, out, cell_seconds=9, seconds=9, before="1 / 0"))
    done = invoke(["run", str(path), "--data", "lost"])
    assert done.exit_code == 2
    assert "there is no data set 'lost'" in done.output


def test_links_beside_the_notebook_are_not_followed(tmp_path):
    (tmp_path / "kept").write_text("kept")
    for name in ("mine.run.ipynb", ".mine.run.ipynb.part"):
        (tmp_path / name).symlink_to(tmp_path / "kept")
    ran(written(tmp_path, "print('[/]')"))
    assert (tmp_path / "kept").read_text() == "kept"


def test_a_cell_may_begin_with_brackets_and_the_copy_is_no_second_notebook(tmp_path):
    path = written(tmp_path, "import re; re.sub('[/]', '', '\\x1b[31m')")
    done = invoke(["run", str(path), "--no-check"])
    assert done.exit_code == 0, done.output
    assert find_notebook(tmp_path) == path
    assert nbformat.read(path.with_suffix(".run.ipynb"), as_version=4).metadata["autograder_copy"] == "run"
