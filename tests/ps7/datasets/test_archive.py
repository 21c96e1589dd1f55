import io
import re
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autograder.ps7.staff.datasets import exhibits
from autograder.ps7.student.datasets.archive import Dataset, DatasetError
from autograder.ps7.student.datasets.locating import COMPOSED, find
from reference.composed import __main__ as composed
from tests.ps7.small import COUNTS, small_dataset

PARTS = ("unlabeled", "train", "test")
BUDGET = 16_000_000
"""The most bytes of a data set in the bundle for Gradescope."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset(tmp_path_factory.mktemp("data") / "small.zip")


def picture(size: tuple[int, int] = (32, 32), mode: str = "RGB", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 77 if mode == "L" else (10, 200, 30)).save(file, kind)
    return file.getvalue()


def folder(root: Path, **files: bytes) -> Path:
    for part in PARTS:
        (root / part / "dog").mkdir(parents=True)
        (root / part / "dog" / "1.png").write_bytes(picture())
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def read_all(path: Path) -> None:
    dataset = Dataset(path)
    dataset.images("train")
    dataset.captions("train")
    dataset.features()


class TestComposed:
    def test_has_stl10s_classes_and_shapes_and_is_called_synthetic(self):
        dataset = find("composed")
        assert dataset.about.synthetic
        assert " ".join(dataset.about.classes) == "airplane bird car cat deer dog horse monkey ship truck"
        assert [dataset.count(part) for part in PARTS] == [3000, 2500, 2000]
        assert {*Counter(dataset.labels("test").tolist()).values()} == {200}
        assert COMPOSED.stat().st_size < BUDGET

    def test_every_caption_names_the_class_and_has_features(self):
        dataset = find("composed")
        features = dataset.features()
        assert features is not None
        assert {*dataset.captions("train"), *dataset.about.queries} <= {*features.sentences}
        for place, name in enumerate(dataset.about.classes):
            named = [re.search(rf"\b{name}\b", caption) is not None for caption in dataset.captions("test")]
            assert named == (dataset.labels("test") == place).tolist()

    def test_is_what_the_generator_makes(self):
        with zipfile.ZipFile(COMPOSED) as archive:
            for part, number in (("unlabeled", 0), ("train", 17), ("test", 1999)):
                name, content, _ = composed.image(part, number)
                fresh, shipped = (
                    np.asarray(Image.open(io.BytesIO(each)), np.float32) for each in (content, archive.read(name))
                )
                assert abs(fresh - shipped).mean() < 2

    def test_drawings_are_the_same_in_no_two_images(self):
        first, second = (composed.image("test", number)[1] for number in (5, 15))
        assert first != second


class TestArchive:
    def test_a_zip_and_a_folder_are_read_alike(self, small: Path, tmp_path: Path):
        with zipfile.ZipFile(small) as archive:
            archive.extractall(tmp_path)
        packed, unpacked = Dataset(small), Dataset(tmp_path)
        for part in PARTS:
            assert packed.count(part) == COUNTS[part]
            assert (packed.images(part) == unpacked.images(part)).all()
            assert (packed.labels(part) == unpacked.labels(part)).all()
        assert packed.captions("train") == unpacked.captions("train")
        assert packed.digest == unpacked.digest

    @pytest.mark.parametrize(
        ("size", "mode"), [((32, 32), "RGB"), ((200, 50), "RGB"), ((96, 96), "L"), ((5, 7), "RGBA")]
    )
    def test_any_picture_becomes_96_by_96_in_colour(self, tmp_path: Path, size, mode):
        content = picture(size, mode if mode != "RGBA" else "RGB")
        images = Dataset(folder(tmp_path, train__cat__x=b"no picture", **{"train__cat__2.png": content})).images(
            "train"
        )
        assert images.shape == (2, 96, 96, 3)
        assert images.dtype == np.uint8

    @pytest.mark.parametrize(
        ("files", "says"),
        [
            ({"train__cat__2.png": b"nonsense"}, "train/cat/2.png cannot be read as an image"),
            ({"about.json": b"{"}, "about.json"),
            ({"about.json": b'{"name": "x", "classes": ["cat"]}'}, "does not name the class 'dog'"),
            ({"captions.csv": b"a,b\n1,2\n"}, "no columns image and caption"),
            ({"features.safetensors": b"x"}, "features cannot be read"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path: Path, files, says):
        with pytest.raises(DatasetError, match=says):
            read_all(folder(tmp_path, **files))

    def test_a_part_that_is_missing_is_said(self, tmp_path: Path):
        (tmp_path / "train" / "dog").mkdir(parents=True)
        with pytest.raises(DatasetError, match="no images in unlabeled/CLASS"):
            Dataset(tmp_path)
        with pytest.raises(DatasetError, match="neither a folder nor a zip"):
            Dataset(Path(__file__))
        with pytest.raises(DatasetError, match="there is no data set 'nowhere'"):
            find("nowhere")

    def test_photos_in_the_same_format(self):
        photos = Path(__file__).parents[4] / "shared" / "data" / "cifar10-photos.zip"
        if not photos.exists():
            pytest.skip(f"{photos} is not there")
        dataset = Dataset(photos)
        assert [dataset.count(part) for part in PARTS] == [10_000, 5_000, 3_000]
        assert len(dataset.about.classes) == 10


class TestExhibits:
    def test_images_come_in_another_order_each_time_and_without_the_labels_of_the_test(self, small: Path):
        dataset = Dataset(small)
        centre = dataset.images("test")[:, 16:80, 16:80].transpose(0, 3, 1, 2)
        orders = []
        for _ in range(2):
            with exhibits.images(dataset) as shown:
                names = {path.name for path in Path(shown.folder).iterdir()}
                assert names == {"unlabeled.npy", "train.npy", "train-labels.npy", "test.npy"}
                assert (np.load(Path(shown.folder, "test.npy")) == centre[shown.order]).all()
                orders.append(shown.order.tolist())
            assert not Path(shown.folder).exists()
        assert sorted(orders[0]) == sorted(orders[1]) == list(range(COUNTS["test"]))
        assert orders[0] != orders[1]

    def test_pairs_hold_features_and_nothing_of_the_tests_captions(self, small: Path):
        with exhibits.pairs(Dataset(small)) as shown:
            from safetensors.numpy import load_file

            arrays = load_file(Path(shown.folder, "pairs.safetensors"))
        assert {*arrays} == {"pairs", "captions", "train", "labels", "test", "searched", "weight", "bias", "texts"}
        assert len(arrays["captions"]) == len(arrays["labels"]) == COUNTS["train"]

    def test_without_features_it_is_said_what_to_do(self, tmp_path: Path):
        with (
            pytest.raises(DatasetError, match=r"python -m reference\.backbones"),
            exhibits.pairs(Dataset(folder(tmp_path))),
        ):
            pass
