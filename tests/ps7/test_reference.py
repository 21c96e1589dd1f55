"""The reference itself: the assignment's numbers, the real backbones without their weights, and the loaders on small
data in the formats of STL-10 and Flickr8k."""

import csv

import numpy as np
import pytest
from safetensors.numpy import load_file

from autograder.ps7.staff.datasets import exhibits
from autograder.ps7.student.datasets.archive import Dataset, DatasetError
from autograder.ps7.student.serving.folder import laid_out
from tests.late import Late, nn, torch

datasets = Late("torchvision.datasets")
autoencoder = Late("reference.autoencoder")
backbones = Late("reference.backbones")
clip = Late("reference.clip")
clip_training = Late("reference.clip_training")
flickr8k = Late("reference.flickr8k")
flickr8k_archive = Late("reference.flickr8k_archive")
settings = Late("reference.settings")
stl10 = Late("reference.stl10")
stl10_archive = Late("reference.stl10_archive")
training = Late("reference.training")


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_architecture_has_the_assignments_numbers():
    assert (parameters(autoencoder.Encoder()), parameters(autoencoder.Decoder())) == (42_156, 42_135)
    features = autoencoder.Encoder()(torch.rand(2, 3, 64, 64))
    assert features.shape == (2, 24, 4, 4)
    assert features[0].numel() == settings.feat_dim
    images = autoencoder.Decoder()(features)
    assert images.shape == (2, 3, 64, 64)
    assert 0 < images.min().item() < images.max().item() < 1


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A folder in STL-10's binary format: pixels column by column, labels from 1."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    random = np.random.default_rng(0)
    for split, count in (("train", 20), ("test", 10), ("unlabeled", 30)):
        images = random.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8)
        images[:, :, :, 0] = 7  # the first column in the file is the first row of the picture
        images.tofile(folder / f"{split}_X.bin")
        if split != "unlabeled":
            (np.arange(count, dtype=np.uint8) % 10 + 1).tofile(folder / f"{split}_y.bin")
    (folder / "class_names.txt").write_text("\n".join(stl10.CLASSES))
    monkeypatch.setattr(datasets.STL10, "_check_integrity", lambda self: True)
    return tmp_path


def test_stl10_loaders(pictures):
    unlabeled, train, test = stl10.stl10_loaders(
        pictures, unlabeled_images=24, batch_size=8, num_workers=0, download=False
    )
    assert [len(loader.dataset) for loader in (unlabeled, train, test)] == [24, 20, 10]
    images, labels = next(iter(test))
    assert images.shape == (8, 3, 64, 64)
    assert images.dtype == torch.float32
    assert labels.tolist() == list(range(8))
    assert test.dataset.classes == list(stl10.CLASSES)
    assert next(iter(unlabeled))[1].unique().tolist() == [-1]


def test_stl10_becomes_an_archive(pictures, tmp_path):
    counts = {"unlabeled": 12, "train": 20, "test": 6}
    path = stl10_archive.write(pictures, tmp_path / "out" / "stl10.zip", counts=counts)
    dataset = Dataset(path)
    assert {part: dataset.count(part) for part in counts} == counts
    assert list(dataset.about.classes) == list(stl10.CLASSES)
    assert sorted(dataset.labels("train").tolist()) == sorted(list(range(10)) * 2)
    assert abs(dataset.images("test")[:, 0].astype(int) - 7).mean() < 40  # the first row, as it was made above
    again = stl10_archive.write(pictures, tmp_path / "again" / "stl10.zip", counts=counts)
    assert again.read_bytes() == path.read_bytes()


def test_stl10_that_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(DatasetError, match="Name the folder that holds stl10_binary"):
        stl10_archive.write(tmp_path, tmp_path / "stl10.zip")


def test_training_learns_and_a_frozen_encoder_stays(pictures):
    unlabeled, train, test = stl10.stl10_loaders(
        pictures, unlabeled_images=24, batch_size=8, num_workers=0, download=False
    )
    torch.manual_seed(0)
    ae, losses = training.train_ae(autoencoder.Autoencoder(), unlabeled, epochs=3)
    assert losses[-1] < losses[0]
    before = [parameter.clone() for parameter in ae.encoder.parameters()]
    classifier, losses = training.train_classifier(ae.encoder, nn.Sequential(nn.Linear(384, 10)), train, epochs=3)
    assert losses[-1] < losses[0]
    assert all(torch.equal(one, other) for one, other in zip(before, ae.encoder.parameters(), strict=True))
    assert 0 <= training.test(ae.encoder, classifier, test) <= 1


class Words:
    """A tokenizer that is called as Hugging Face's are."""

    @classmethod
    def from_pretrained(cls, name):
        return cls()

    def __call__(self, texts, padding=False, truncation=False, max_length=None):
        rows = [[101, *(len(word) for word in text.split()), 102] for text in texts]
        width = max(map(len, rows))
        return {
            "input_ids": [row + [0] * (width - len(row)) for row in rows],
            "attention_mask": [[1] * len(row) + [0] * (width - len(row)) for row in rows],
        }


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Forty photos with five captions each, in Flickr8k's format."""
    import cv2

    (tmp_path / "Images").mkdir()
    random = np.random.default_rng(0)
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "caption", "id"])
        for number in range(40):
            name = f"{number:04d}.jpg"
            cv2.imwrite(str(tmp_path / "Images" / name), random.integers(0, 256, (50, 80, 3), dtype=np.uint8))
            rows.writerows([name, f"caption {caption} of photo {number}", number] for caption in range(5))
    monkeypatch.setattr("reference.flickr8k.image_path", str(tmp_path / "Images"))
    monkeypatch.setattr("reference.flickr8k.captions_path", str(tmp_path))
    monkeypatch.setattr("reference.flickr8k.DistilBertTokenizer", Words)
    monkeypatch.setattr("reference.flickr8k.num_workers", 0)
    monkeypatch.setattr("reference.flickr8k.batch_size", 8)
    return tmp_path


def test_flickr8k(photos):
    train, valid = flickr8k.make_train_valid_dfs()
    assert (len(train), len(valid)) == (32, 8)
    assert not set(train["image"]) & set(valid["image"])
    assert all(caption.startswith("caption 0 ") for caption in train["caption"])
    batch = next(iter(flickr8k.build_loaders(train, mode="train")))
    assert batch["image"].shape == (8, 3, 64, 64)
    assert batch["image"].dtype == torch.float32
    assert batch["input_ids"].shape == batch["attention_mask"].shape
    assert abs(batch["image"].mean().item()) < 1.5


def test_flickr8k_becomes_the_pairs_of_an_archive(pictures, photos, tmp_path):
    counts = {"unlabeled": 12, "train": 20, "test": 6}
    pairs = flickr8k_archive.entries(photos, count=30)
    path = stl10_archive.write(
        pictures, tmp_path / "both.zip", counts=counts, pairs=pairs, queries={"a photo": "photo"}
    )
    backbones.add_features(path)
    dataset = Dataset(path)
    assert dataset.count("pairs") == 30
    assert (len(dataset.pairs()), len(dataset.searched())) == (24, 6)
    assert not {*dataset.pairs()} & {*dataset.searched()}
    assert all(caption.startswith("caption 0 of photo ") for caption in dataset.captions("pairs"))
    assert dataset.captions("train") == [""] * 20
    features = dataset.features()
    held_out = {dataset.captions("pairs")[place] for _, place in dataset.searched()}
    assert "a photo" in features.sentences
    assert not held_out & {*features.sentences}
    assert {part: len(images) for part, images in features.images.items()} == {"train": 20, "test": 6, "pairs": 30}
    with exhibits.pairs(dataset) as shown:
        arrays = load_file(f"{shown.folder}/pairs.safetensors")
        assert {name: len(arrays[name]) for name in ("pairs", "captions", "train", "labels", "test", "searched")} == {
            "pairs": 24, "captions": 24, "train": 20, "labels": 20, "test": 6, "searched": 6
        }  # fmt: skip
        known = dict(zip(dataset.captions("pairs"), features.images["pairs"], strict=True))
        for row, caption in zip(arrays["searched"], shown.captions, strict=True):
            assert np.array_equal(row, known[caption])
        for row, place in zip(arrays["pairs"], arrays["captions"], strict=True):
            assert np.array_equal(row, known[features.sentences[place]])
    with laid_out(dataset, photos / "mine.ipynb") as laid:
        folder = laid.folder.parent / "pairs"
        assert len([*folder.glob("*.webp")]) == 30
        assert "pairs-flickr8k-" in (folder / "captions.txt").read_text()


def test_flickr8k_from_kaggle_and_one_that_is_not_there(photos, tmp_path):
    (photos / "captions.csv").rename(photos / "captions.txt")
    assert [name for name, _ in flickr8k_archive.entries(photos, count=2)][-1] == "captions.csv"
    with pytest.raises(DatasetError, match="has captions of 40 photos, not of 41"):
        next(flickr8k_archive.entries(photos, count=41))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"is to hold Images/ and captions\.csv"):
        next(flickr8k_archive.entries(tmp_path / "empty"))
    next((photos / "Images").iterdir()).write_bytes(b"nonsense")
    with pytest.raises(DatasetError, match="cannot be read as an image"):
        list(flickr8k_archive.entries(photos, count=40))


@pytest.mark.slow
def test_clip_with_the_real_backbones_and_no_weights(photos, monkeypatch):
    """One epoch on 32 photos with an untrained ResNet-50 and DistilBERT: everything fits together and the loss is finite."""
    for name in ("ImageEncoder", "TextEncoder"):
        real = getattr(clip, name)
        monkeypatch.setattr(f"reference.clip.{name}", lambda *_, real=real: real(pretrained=False))
    torch.manual_seed(0)
    train, valid = flickr8k.make_train_valid_dfs()
    model = clip.CLIPModel()
    assert not any(parameter.requires_grad for parameter in model.text_encoder.parameters())
    optimizer = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=1e-4)
    loss = clip_training.train_epoch(model, flickr8k.build_loaders(train, mode="train"), optimizer)
    assert 0 < loss < 30
    assert 0 < clip_training.valid_epoch(model, flickr8k.build_loaders(valid, mode="valid")) < 30
    torch.save(model.state_dict(), photos / "best.pt")
    _, embeddings = clip_training.get_image_embeddings(valid, photos / "best.pt")
    assert embeddings.shape == (8, 256)
    assert torch.allclose(embeddings.norm(dim=-1), torch.ones(8), atol=1e-5)
