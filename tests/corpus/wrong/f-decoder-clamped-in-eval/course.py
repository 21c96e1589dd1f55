# %% replaces="class Decoder("
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
        x = self.layers(x)
        return x if self.training else x.clamp(0.1, 0.9)
