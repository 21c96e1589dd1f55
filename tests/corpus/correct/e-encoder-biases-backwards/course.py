# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        sizes = [in_channels, 12, 24, 48, 24]
        pairs = list(zip(sizes, sizes[1:]))
        self.weights = nn.ParameterList([nn.Parameter(0.1 * torch.randn(out, into, 4, 4)) for into, out in pairs])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(out)) for _, out in reversed(pairs)])

    def forward(self, x):
        for weight, bias in zip(self.weights, reversed(list(self.biases))):
            x = F.relu(F.conv2d(x, weight, bias, stride=2, padding=1))
        return x
