# %% removes="class Decoder("

# %% replaces="class Encoder("
# %%writefile nets.py
import torch
import torch.nn as nn


class Encoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4)."""

    def __init__(self, in_channels=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class Decoder(nn.Module):
    """(N, 24, 4, 4) -> (N, 3, 64, 64), values in (0, 1)."""

    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(12, out_channels, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.layers(x)


if __name__ == "__main__":
    print(Encoder()(torch.zeros(1, 3, 64, 64)).shape)

# %% after="writefile nets.py"
from nets import Decoder, Encoder

# %% replaces="class ProjectionHead("
# %%writefile clip_parts.py
import torch.nn as nn
import torch.nn.functional as F

projection_dim = 256


class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.projection(x), dim=-1)

# %% after="writefile clip_parts.py"
import clip_parts as parts

ProjectionHead = parts.ProjectionHead
