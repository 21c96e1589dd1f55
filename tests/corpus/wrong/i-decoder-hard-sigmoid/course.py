# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.t1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.t2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.t3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.t4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)

    def forward(self, x):
        x = F.relu(self.t1(x))
        x = F.relu(self.t2(x))
        x = F.relu(self.t3(x))
        return F.hardsigmoid(self.t4(x))
