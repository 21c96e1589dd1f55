# %% replaces="class Encoder("
class Encoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4)."""

    def __init__(self, in_channels=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, kernel_size=4, stride=2, padding=1, padding_mode="reflect"),
            nn.ReLU(),
            nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1, padding_mode="reflect"),
            nn.ReLU(),
            nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1, padding_mode="reflect"),
            nn.ReLU(),
            nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1, padding_mode="reflect"),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)
