# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        sizes = [24, 48, 24, 12, out_channels]
        for i in reversed(range(4)):
            self.register_parameter(f"bias{i}", nn.Parameter(torch.zeros(1, sizes[i + 1], 1, 1)))
        for i in reversed(range(4)):
            self.register_parameter(f"weight{i}", nn.Parameter(0.1 * torch.randn(sizes[i], sizes[i + 1], 4, 4)))

    def forward(self, x):
        for i in range(4):
            x = F.conv_transpose2d(x, getattr(self, f"weight{i}"), stride=2, padding=1) + getattr(self, f"bias{i}")
            x = F.relu(x) if i < 3 else torch.sigmoid(x)
        return x

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.conv = nn.Conv1d(embedding_dim, projection_dim, kernel_size=1)

    def forward(self, x):
        return F.normalize(self.conv(x.unsqueeze(-1)).squeeze(-1), p=2, dim=-1)
