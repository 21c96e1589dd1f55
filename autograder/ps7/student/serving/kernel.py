"""Runs in the notebook's own kernel before its first cell, and replaces downloads. The notebook's code stays as it is:
only the libraries' functions that fetch and read are replaced."""

import contextlib
import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from autograder.guest.modules import Finder
from autograder.ps7.student.datasets.archive import Dataset
from autograder.ps7.student.serving.backbones import BackboneError, ImageStandIn, TextStandIn, minilm, original
from autograder.ps7.student.serving.folder import CAPTIONS

READERS = {
    "torch": "load",
    "pandas": "read_csv",
    "cv2": "imread",
    "PIL.Image": "open",
    "matplotlib.pyplot": "imread",
    "matplotlib.image": "imread",
    "skimage.io": "imread",
    "imageio": "imread",
    "torchvision.io": "read_image",
}
"""Functions that read the file that their first argument names."""
MODELS = ("DistilBertModel", "AutoModel")
TOKENIZERS = ("DistilBertTokenizer", "DistilBertTokenizerFast", "AutoTokenizer")
FETCHING = ("pip", "apt", "wget", "curl", "gdown", "kaggle", "git", "unzip", "tar", "conda", "mamba", "sudo apt")
"""Shell commands that would fetch or unpack something."""


def serve(archive: str, pairs: str, home: str) -> str:
    """Puts the data set, and the folder with its pairs, in place of downloads. Files that are missing where the kernel
    runs are read from the folder `home`. Returns a list of the replacements, as markdown."""
    dataset = Dataset(Path(archive))
    sys.path.append(home)
    kind = "synthetic images" if dataset.about.synthetic else "images"
    lines = [
        f"Run by `ps7 run` on the {kind} “{dataset.about.name}” in place of downloads, so that "
        "**no figure below is one of STL-10 or Flickr8k**.",
        f"- STL-10: {_stl10(dataset)}",
        f"- Flickr8k: {_flickr8k(Path(pairs), Path(home))}",
        f"- ResNet-50: {_resnet50()}",
        f"- DistilBERT: {_distilbert()}",
        f"- {_colab()}",
    ]
    return "\n".join(lines)


def _stl10(dataset: Dataset) -> str:
    import torchvision

    from autograder.ps7.student.serving.stl10 import Served

    Served.dataset = dataset
    for module in (torchvision.datasets, torchvision.datasets.stl10):
        module.STL10 = Served
    parts = ", ".join(f"{dataset.count(part):,} {part}" for part in ("unlabeled", "train", "test"))
    return f"{parts}; the unlabeled ones come again and again until they are {Served.UNLABELED:,}"


def _flickr8k(pairs: Path, home: Path) -> str:
    names = {path.name for path in pairs.iterdir()}

    def elsewhere(path: PurePath) -> PurePath:
        if path.name in names:
            return pairs / path.name
        return path if Path(path).exists() or not (home / path).exists() else home / path

    for module, name in READERS.items():
        if found := _installed(module):
            setattr(found, name, _redirected(getattr(found, name), elsewhere))
    if CAPTIONS not in names:
        return "the data set has no captions"
    return f"{len(names) - 2:,} images with a caption, in place of all files of these names"


def _redirected(function: Callable[..., Any], elsewhere: Callable[[PurePath], PurePath]) -> Callable[..., Any]:
    @functools.wraps(function)
    def reading(*arguments: Any, **keywords: Any) -> Any:
        if arguments and isinstance(arguments[0], str | PurePath):
            arguments = (str(elsewhere(PurePath(arguments[0]))), *arguments[1:])
        return function(*arguments, **keywords)

    return reading


def _resnet50() -> str:
    import torch
    from torchvision import models

    known = models.ResNet50_Weights
    checkpoints = Path(torch.hub.get_dir(), "checkpoints")
    there = {each for each in known if (checkpoints / PurePath(each.url).name).exists()}
    if len(there) == len(known):
        return "the real weights, which are here"
    real = models.resnet50
    try:
        ImageStandIn()
    except BackboneError as error:
        return f"as the notebook fetches it; {error}"

    @functools.wraps(real)
    def resnet50(weights: Any = None, *arguments: Any, pretrained: bool = False, **keywords: Any) -> Any:
        weights = known.IMAGENET1K_V1 if weights is True or (pretrained and not weights) else weights
        wanted = known.verify(weights) if weights else None
        if wanted is None or wanted in there:
            return real(weights=wanted, **keywords)
        return ImageStandIn()

    for module in (models, models.resnet):
        module.resnet50 = resnet50
    return "a stand-in, EfficientNet-lite0 trained on ImageNet" + (
        ", where the real weights are not here" * bool(there)
    )


def _distilbert() -> str:
    transformers = _installed("transformers")
    if transformers is None:
        return "transformers is not installed"
    try:
        folder = minilm()
    except BackboneError as error:
        return f"as the notebook fetches it; {error}"
    tokenizer = original(transformers.AutoTokenizer)
    for name in MODELS:
        _replace(getattr(transformers, name), TextStandIn)
    for name in TOKENIZERS:
        _replace(getattr(transformers, name), lambda: tokenizer(folder, local_files_only=True))
    return "the real weights where they are here, else a stand-in, all-MiniLM-L6-v2"


def _replace(kind: Any, stand_in: Callable[[], Any]) -> None:
    real = original(kind)

    def from_pretrained(name: Any, *arguments: Any, **keywords: Any) -> Any:
        return real(name, *arguments, **keywords) if _is_here(name) else stand_in()

    from_pretrained.original = real  # type: ignore[attr-defined]
    kind.from_pretrained = from_pretrained


def _is_here(name: Any) -> bool:
    """Whether the hub's cache or a folder holds the model."""
    from transformers.utils.hub import cached_file

    with contextlib.suppress(OSError):
        return cached_file(name, "config.json", local_files_only=True) is not None
    return False


def _colab() -> str:
    """Neither drives nor downloads."""
    missing = [name for name in ("google.colab", "gdown", "kaggle") if not _is_installed(name)]
    Finder(lazy=(), blank=["google" if not _is_installed("google") else "google.colab", *missing], answers={}).install()
    shell = importlib.import_module("IPython").get_ipython()
    if shell is not None:
        for name in ("system", "getoutput", "system_raw", "system_piped"):
            if hasattr(shell, name):
                setattr(shell, name, _offline(getattr(shell, name)))
        for magic in ("pip", "conda"):
            shell.register_magic_function(lambda line: print("left out by ps7 run"), magic_name=magic)
    return "What installs, fetches or unpacks on the command line is left out, and so is Colab's drive."


def _offline(function: Callable[..., Any]) -> Callable[..., Any]:
    def system(command: str, *arguments: Any, **keywords: Any) -> Any:
        if command.strip().startswith(FETCHING):
            print("left out by ps7 run")
            return []
        return function(command, *arguments, **keywords)

    return system


def _installed(name: str) -> Any:
    """The module; None where its package is not installed."""
    return importlib.import_module(name) if _is_installed(name) else None


def _is_installed(name: str) -> bool:
    with contextlib.suppress(ModuleNotFoundError):
        return name in sys.modules or importlib.util.find_spec(name) is not None
    return False
