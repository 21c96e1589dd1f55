"""Compares what probes assume about the given code with the course's own notebook, run for real on small data in the
formats of STL-10 and Flickr8k. The backbones are a ResNet and a DistilBERT, untrained and shallower than the real
ones."""

import csv

import numpy as np
import pytest

from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames
from tests.late import Late, torch
from tests.ps7.test_reference import Words

frame = Late("autograder.ps7.guest.probes.frame")
stand_ins = Late("autograder.ps7.guest.probes.stand_ins")
resnet = Late("torchvision.models.resnet")
datasets = Late("torchvision.datasets")
transformers = Late("transformers")
mpl = Late("matplotlib")

COURSE = next(folder for folder in PS7.every_frame if folder.name == "course")
IMAGES = {"unlabeled": 128 + 10_000 % 128, "train": 128 + 5_000 % 128, "test": 10}
"""A whole minibatch and the last one of the real data."""
PHOTOS = 80  # 64 for training and 16 for validation, which is one minibatch of 16
SMALLER = {
    "[10000, len(dataset_un) - 10000]": f"[{IMAGES['unlabeled']}, 0]",
    "epochs=100": "epochs=1",
    "num_workers=2": "num_workers=0",
    "num_workers = 2": "num_workers = 0",
    "epochs = 3": "epochs = 1",
    "pretrained = True": "pretrained = False",
    "from tqdm import tqdm_notebook": "from tqdm import tqdm as tqdm_notebook",
    "def build_loaders(dataframe, mode):": "def build_loaders(dataframe, mode):\n    batch_size = 32 if mode == 'train' else 16",
}
"""The notebook's text with the sizes of the small data."""


def write_data(folder):
    import cv2

    random = np.random.default_rng(0)
    (folder / "data" / "stl10_binary").mkdir(parents=True)
    for split, count in IMAGES.items():
        random.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8).tofile(folder / f"data/stl10_binary/{split}_X.bin")
        (np.arange(count, dtype=np.uint8) % 10 + 1).tofile(folder / f"data/stl10_binary/{split}_y.bin")
    (folder / "data/stl10_binary/class_names.txt").write_text("airplane\nbird")
    (folder / "Images").mkdir()
    with (folder / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption", "id"])
        for number in range(PHOTOS):
            cv2.imwrite(str(folder / f"Images/{number}.jpg"), random.integers(0, 256, (50, 80, 3), dtype=np.uint8))
            rows.writerow([f"{number}.jpg", "a photo of it", number])


class Shell:
    def system(self, command):
        pass


def shallow(config):
    return transformers.DistilBertModel(transformers.DistilBertConfig(n_layers=1))


class Watched:
    """The notebook's names, and the arguments of each call of the watched functions and modules."""

    def __init__(self):
        self.names = {"get_ipython": Shell}
        self.given = {}

    def run(self, cells):
        for cell in cells:
            if cell.cell_type == "code" and not cell.source.startswith("!"):
                for old, new in SMALLER.items():
                    cell.source = cell.source.replace(old, new)
                exec(compile(cell.source, "cell", "exec"), self.names)
                self.names |= {
                    "DistilBertTokenizer": Words,
                    "resnet50": lambda **_: resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1]),
                }
                self.names["DistilBertModel"] = shallow
                for name in ("Encoder", "Decoder", "CLIPModel", "retrieve_images", "train_classifier", "train_ae"):
                    if name in self.names and name not in self.given:
                        self.watch(name)

    def watch(self, name):
        self.given[name] = []
        real = self.names[name]
        if isinstance(real, type):
            forward = real.forward
            real.forward = lambda module, x: self.given[name].append((module.training, x)) or forward(module, x)
        else:
            self.names[name] = lambda *given, **named: self.given[name].append((given, named)) or real(*given, **named)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("course")
        write_data(folder)
        patch.chdir(folder)
        patch.setattr(datasets.STL10, "_check_integrity", lambda self: True)
        patch.setattr(mpl, "get_backend", lambda: "agg")
        mpl.use("Agg")
        torch.manual_seed(0)
        watched = Watched()
        watched.run(frames.generate(PS7, "solution", COURSE).cells)
        yield watched


def test_the_text_has_the_sizes():
    text = "\n".join(cell.source for cell in frames.generate(PS7, "solution", COURSE).cells)
    for old in SMALLER:
        assert old in text, old
    assert f"batch_size = {frame.BATCH}\n" in text
    assert f"batch_size = {frame.PAIRS}\n" in text
    assert text.count(f"epochs={frame.EPOCHS}") == 6  # a default, train_ae and four calls of train_classifier
    assert "drop_last=True" in text


def test_images_are_pixels_in_whole_minibatches_and_a_last_one(course):
    sizes = {len(images) for _, images in course.given["Encoder"]}
    assert sizes >= {frame.BATCH, frame.LAST_UNLABELLED, frame.LAST_LABELLED}
    for _, images in course.given["Encoder"]:
        assert images.dtype == torch.float32
        assert images.shape[1:] == (3, 64, 64)
        assert images.min() >= 0
        assert images.max() <= 1
    assert all((features >= 0).all() for _, features in course.given["Decoder"])


@pytest.mark.parametrize("name", ["Encoder", "Decoder", "CLIPModel"])
def test_modules_are_called_in_both_modes(course, name):
    assert {training for training, _ in course.given[name]} == {True, False}


def test_pairs_have_three_keys_and_their_types(course):
    for training, batch in course.given["CLIPModel"]:
        assert tuple(batch) == frame.PAIR_KEYS
        ours = stand_ins.batch_of(torch.arange(len(batch["image"])))
        for name in frame.PAIR_KEYS:
            assert batch[name].dtype == ours[name].dtype
            assert batch[name].ndim == ours[name].ndim
        assert batch["image"].shape == ours["image"].shape
        assert (batch["input_ids"][:, 0] == frame.CLS_TOKEN).all()
        assert not training or len(batch["image"]) == frame.PAIRS


def test_the_globals_are_those_of_the_notebook(course):
    for name, value in frame.GLOBALS.items():
        if name not in ("device", "image_path"):
            assert course.names[name] == value, name


def test_the_encoders_have_the_parts_of_the_real_ones(course):
    model = course.names["CLIPModel"]()
    for real, stand_in in ((model.image_encoder, stand_ins.ImageTable()), (model.text_encoder, stand_ins.TextTable())):
        assert {name for name, _ in real.model.named_children()} <= {
            name for name, _ in stand_in.model.named_children()
        }
        assert any(True for _ in stand_in.model.parameters())
    config = transformers.DistilBertConfig()
    assert config.n_layers == frame.TEXT_LAYERS
    assert stand_ins.TextTable().model.config.dim == config.dim


def test_the_fourth_call_has_clips_features_and_batch_size(course):
    *_, ((encoder, classifier, *_), _) = course.given["train_classifier"]
    assert len(course.given["train_classifier"]) == 4
    assert encoder.model.bn1 is not None
    assert classifier[0].in_features == frame.GLOBALS["image_embedding"]


def test_retrieval_has_unit_embeddings_and_an_array_of_names(course):
    for (_, embeddings), named in course.given["retrieve_images"]:
        assert torch.allclose(embeddings.norm(dim=-1), torch.ones(len(embeddings)), atol=1e-5)
        assert np.asarray(named["image_filenames"]).dtype == object
        assert len(named["image_filenames"]) >= len(embeddings)
    assert len(course.given["retrieve_images"]) == 2
