# %% replaces="class Encoder("

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, 12, 4, 2, 1)
        self.c2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.c3 = nn.Conv2d(24, 48, 4, 2, 1)
        self.c4 = nn.Conv2d(48, 24, 4, 2, 1)

    def forward(self, x):
        for conv in (self.c1, self.c2, self.c3, self.c4):
            x = conv(F.relu(x))
        return x
