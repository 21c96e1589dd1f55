# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        chans = [in_channels, 12, 24, 48, 24]
        self.convs = [nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(chans, chans[1:])]

    def forward(self, x):
        for c in self.convs:
            x = F.relu(c(x))
        return x
