"""The architectures that the assignment asks for, to find out which of a student's parameters is which."""

from itertools import pairwise

import torch
from torch import nn

CHANNELS = (12, 24, 48, 24)


def encoder(in_channels: int = 3) -> nn.Module:
    """(N, in_channels, 64, 64) -> (N, 24, 4, 4)."""
    sizes = (in_channels, *CHANNELS)
    layers = [nn.Conv2d(into, out, 4, stride=2, padding=1) for into, out in pairwise(sizes)]
    return nn.Sequential(*(each for layer in layers for each in (layer, nn.ReLU())))


def decoder(out_channels: int = 3) -> nn.Module:
    """(N, 24, 4, 4) -> (N, out_channels, 64, 64)."""
    sizes = (*reversed(CHANNELS), out_channels)
    layers = [nn.ConvTranspose2d(into, out, 4, stride=2, padding=1) for into, out in pairwise(sizes)]
    return nn.Sequential(*(each for layer in layers for each in (layer, nn.ReLU())))[:-1].append(nn.Sigmoid())


class Head(nn.Linear):
    """(N, in_features) -> (N, out_features), every row of norm 1."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The embeddings."""
        return nn.functional.normalize(super().forward(input), dim=-1)
