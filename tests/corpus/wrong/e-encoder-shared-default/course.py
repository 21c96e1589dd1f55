# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(
        self,
        in_channels=3,
        layers=nn.Sequential(
            nn.Conv2d(3, 12, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 48, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 24, 4, stride=2, padding=1),
            nn.ReLU(),
        ),
    ):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return self.layers(x)
