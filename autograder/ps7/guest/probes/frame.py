"""What the given notebook passes to the students' code; probes and stand-ins are built from it.

tests/ps7/test_frame.py runs the reference's own notebook on small real data and compares it with this module.
"""

from collections.abc import Mapping
from typing import Any

import torch

BATCH = 128
"""Images in a minibatch of STL-10."""
LAST_UNLABELLED = 10_000 % BATCH
"""Images in the last minibatch of an epoch of `train_ae`: 16."""
LAST_LABELLED = 5_000 % BATCH
"""Images in the last minibatch of an epoch of `train_classifier`: 8."""
EPOCHS = 100
FEATURES = 24 * 4 * 4
"""The number of the autoencoder's features, `feat_dim`."""
PAIRS = 32
"""Pairs in every minibatch of CLIP; its loaders drop the last, smaller minibatch."""
PAIR_KEYS = ("input_ids", "attention_mask", "image")
"""The keys of a minibatch in `train_epoch` and `valid_epoch`, in this order: float32 images, the others int64."""
CLS_TOKEN = 101

GLOBALS: Mapping[str, Any] = {
    "batch_size": PAIRS,
    "projection_dim": 256,
    "temperature": 0.07,
    "image_embedding": 2048,
    "text_embedding": 768,
    "feat_dim": FEATURES,
    "image_encoder_model": "resnet50",
    "text_encoder_model": "distilbert-base-uncased",
    "text_tokenizer": "distilbert-base-uncased",
    "image_path": "Images",
    "device": torch.device("cpu"),
}
"""The names that the given cells have set before CLIP's part."""

IMAGE_MODEL = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc")
"""Modules of `image_encoder.model`, a torchvision ResNet-50."""
TEXT_MODEL = ("embeddings", "transformer")
"""Modules of `text_encoder.model`, a DistilBERT of TEXT_LAYERS layers."""
TEXT_LAYERS = 6
