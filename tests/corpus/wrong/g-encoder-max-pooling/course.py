# %% replaces="class Encoder("

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        layers = []
        for a, b in [(in_channels, 12), (12, 24), (24, 48), (48, 24)]:
            layers += [nn.Conv2d(a, b, 4, padding="same"), nn.ReLU(), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)
