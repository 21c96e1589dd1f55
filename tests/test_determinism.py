"""Same submission, same result."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import corpus

WRONG = "c-denoising-input-alphabetical"
"""Its code draws random numbers while it is graded, and loses marks for part of what it does with them."""


@pytest.mark.slow
def test_twenty_gradings_are_equal_byte_for_byte_apart_from_their_cost(rubric, tmp_path):
    case = next(case for case in corpus.cases(PS7.corpus / "wrong", PS7, rubric) if case.name == WRONG)
    notebook = tmp_path / "ps7.ipynb"
    nbformat.write(case.node(), notebook)
    texts = set()
    for _ in range(20):
        command = [Path(sys.executable).with_name("ps7"), "grade", notebook, "--json"]
        results = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
        del results["execution_time"], results["extra_data"]["memory_mb"]
        texts.add(json.dumps(results))
    assert len(texts) == 1
