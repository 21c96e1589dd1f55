# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(24, 48, 4, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(48, 24, 4, stride=2, padding=1), nn.ReLU(),
        )

    def forward(self, x):
        x.mul_(2).sub_(1)
        return self.layers(x)
