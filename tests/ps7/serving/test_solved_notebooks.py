"""The solved notebook of each frame, from top to bottom, on data in place of downloads: a minute or two each."""

from importlib.util import find_spec

import nbformat
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from tests.invoking import invoke
from tests.ps7.small import small_dataset

pytestmark = pytest.mark.skipif(find_spec("torchvision") is None, reason="needs torchvision")
SHORTER = {
    "epochs=100": "epochs=1",
    "epochs = 3": "epochs = 1",
    "[10000, len(dataset_un) - 10000]": "[128, len(dataset_un) - 128]",
    "unlabeled_images=10_000": "unlabeled_images=128",
    "batch_size = 32": "batch_size = 8",
}


@pytest.mark.slow
@pytest.mark.parametrize("frame", [None, PS7.frames / "course"], ids=["ours", "course"])
def test_the_solved_notebook_runs(tmp_path, frame):
    data, path = small_dataset(tmp_path / "small.zip"), tmp_path / "solved.ipynb"
    notebook = frames.generate(PS7, "solution", frame)
    for cell in notebook.cells:
        for long, short in SHORTER.items():
            cell.source = cell.source.replace(long, short)
    path.write_text(frames.text(notebook))
    done = invoke(["run", str(path), "--data", str(data)])
    assert "raised" not in done.output, done.output
    outputs = [
        each for cell in nbformat.read(path.with_suffix(".run.ipynb"), 4).cells for each in cell.get("outputs", ())
    ]
    text = "".join(each.get("text", "") for each in outputs)
    assert text.count("ccuracy") >= 4
    assert sum("image/png" in each.get("data", {}) for each in outputs) >= 3
    assert "report_ae" not in done.output
