"""Same submission, same result."""

import json
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parent.parent
WRONG = ROOT / "tests" / "corpus" / "wrong" / "c-denoising-input-alphabetical" / "notebook.py"
"""It draws random numbers while it is graded, and loses marks for some of what it does with them."""


@pytest.mark.slow
def test_twenty_gradings_are_equal_byte_for_byte_apart_from_their_cost(tmp_path):
    notebook = tmp_path / "ps7.ipynb"
    jupytext.write(jupytext.read(WRONG), notebook)
    texts = set()
    for _ in range(20):
        command = [Path(sys.executable).with_name("ps7"), "grade", notebook, "--json"]
        results = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
        del results["execution_time"], results["extra_data"]["memory_mb"]
        texts.add(json.dumps(results))
    assert len(texts) == 1
