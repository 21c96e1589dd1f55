# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.channels = [in_channels, 12, 24, 48, 24]
        pairs = list(zip(self.channels, self.channels[1:]))[::-1]
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(out)) for _, out in pairs])
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(out, into * 16) * 0.05) for into, out in pairs])

    def forward(self, x):
        for n in range(4):
            weight = self.weights[3 - n].view(self.channels[n + 1], self.channels[n], 4, 4)
            x = F.relu(F.conv2d(x, weight, self.biases[3 - n], stride=2, padding=1))
        return x
