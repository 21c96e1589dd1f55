# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64, layers=[]):
        super().__init__()
        sizes = [24, 48, 24, 12, out_channels]
        for into, out in zip(sizes, sizes[1:]):
            layers.append(nn.ConvTranspose2d(into, out, 4, stride=2, padding=1))
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return torch.sigmoid(self.layers[-1](x))
