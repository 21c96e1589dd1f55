# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        sizes = [in_channels, 12, 24, 48, 24]
        pairs = list(zip(sizes, sizes[1:]))
        self.weights = nn.ParameterList([nn.Parameter(0.1 * torch.randn(out, into, 4, 4)) for into, out in pairs])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(1, out, 1, 1)) for _, out in pairs])

    def forward(self, x):
        for weight, bias in zip(self.weights, self.biases):
            x = F.relu(F.conv2d(x, weight, None, stride=2, padding=1) + bias)
        return x
