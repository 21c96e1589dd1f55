"""Weights that come with a notebook: they are read in a guest, and their accuracies on the test images are right."""

import os
import pickle

import pytest

from autograder.ps7.staff.reproduction.measuring import Budget, Training
from autograder.ps7.staff.reproduction.weights import Recomputed, compared, recompute
from autograder.ps7.student.assignment import PS7
from autograder.ps7.student.datasets.archive import Dataset
from autograder.staff.authoring import frames
from autograder.student.grading.examination import sliced
from autograder.student.program import outline, program_for
from autograder.student.submission.locating import find_weights
from autograder.student.submission.notebook import Notebook
from tests.late import Late, nn, torch
from tests.ps7.small import small_dataset

autoencoders = Late("reference.autoencoder")
safetensors = Late("safetensors.torch")

TINY = Budget(autoencoder=1, linear=1, supervised=1, clip=1, probe=1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return Dataset(small_dataset(tmp_path_factory.mktemp("data") / "small.zip", synthetic=False))


@pytest.fixture
def training(dataset, sandbox, solution) -> Training:
    program = sliced(program_for(outline(solution), ["Encoder", "train_classifier"]))
    return Training(dataset=dataset, program=program, sandbox=sandbox, budget=TINY, seed=1, seconds=60)


@pytest.fixture(scope="module")
def solution() -> Notebook:
    return frames.submission(PS7, "solution")


def worth(dataset: Dataset, encoder, linear) -> float:
    """On the centres of the test images."""
    images = torch.from_numpy(dataset.images("test")[:, 16:80, 16:80].transpose(0, 3, 1, 2).copy()).float() / 255
    with torch.no_grad():
        return float((linear(encoder(images).flatten(1)).argmax(1).numpy() == dataset.labels("test")).mean())


class Opens:
    """A pickle that runs a command."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_every_way_of_saving_them_is_read_and_nothing_else(training, dataset, tmp_path):
    torch.manual_seed(3)
    autoencoder, encoder, linear = autoencoders.Autoencoder(), autoencoders.Encoder(), nn.Sequential(nn.Linear(384, 10))
    torch.save(autoencoder.state_dict(), tmp_path / "ae.pth")
    safetensors.save_file(encoder.state_dict(), tmp_path / "encoder.safetensors")
    torch.save({"epoch": 3, "state": {"model": nn.DataParallel(autoencoder).state_dict()}}, tmp_path / "wrapped.pt")
    torch.save(linear.state_dict(), tmp_path / "linear.pt")
    torch.save({"encoder.0.weight": torch.zeros(3)}, tmp_path / "other.pth")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    found = recompute(training, sorted(tmp_path.iterdir()))
    assert {(each.encoder, each.classifier): each.accuracy for each in found} == {
        ("ae.pth", "linear.pt"): worth(dataset, autoencoder.encoder, linear),
        ("encoder.safetensors", "linear.pt"): worth(dataset, encoder, linear),
        ("wrapped.pt", "linear.pt"): worth(dataset, autoencoder.encoder, linear),
    }


def test_where_no_linear_layer_came_one_is_trained(training, tmp_path):
    torch.save(autoencoders.Encoder().state_dict(), tmp_path / "encoder.pth")
    [found] = recompute(training, [tmp_path / "encoder.pth"])
    assert (found.encoder, found.classifier) == ("encoder.pth", "")
    assert 0 <= found.accuracy <= 1


def test_a_pickle_is_not_believed(training, tmp_path):
    opened = tmp_path / "opened"
    (tmp_path / "ae.pth").write_bytes(pickle.dumps({"encoder.0.weight": Opens(str(opened))}))
    assert recompute(training, [tmp_path / "ae.pth"]) == []
    assert not opened.exists()


def test_they_are_compared_with_the_report(solution):
    found = [Recomputed("ae.pth", "one.pt", 0.325), Recomputed("ae.pth", "t|wo.pt", 0.9), Recomputed("b.pth", "", 0.9)]
    message, review = compared(found, solution, 2000)
    assert "| `ae.pth` | `one.pt` | 32.5 % (30.5 - 34.6) | Method I |" in message
    assert "| `ae.pth` | `t/wo.pt` | 90.0 % (88.6 - 91.2) | none |" in message
    assert "| `b.pth` | trained by the grader |" in message
    assert review == "the submitted weights reach 90.0 %, which the report does not mention."
    assert compared([], solution, 2000) == ("", "")


class TestFinding:
    def test_beside_a_notebook_in_a_folder(self, tmp_path):
        for name in ("ps7.ipynb", "ae.pth", "deep/best.SAFETENSORS", "notes.txt", "__MACOSX/ae.pth"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        (tmp_path / "link.pt").symlink_to(tmp_path / "notes.txt")
        with (tmp_path / "huge.pt").open("wb") as file:
            file.truncate(65 * 2**20)
        assert [path.name for path in find_weights(tmp_path)] == ["ae.pth", "best.SAFETENSORS"]
        assert find_weights(tmp_path / "ps7.ipynb") == ()
