# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.W = nn.Parameter(torch.randn(embedding_dim + 1, projection_dim) / embedding_dim**0.5)

    def forward(self, x):
        x = torch.cat([x, torch.ones(len(x), 1, device=x.device)], dim=1) @ self.W
        return F.normalize(x, dim=1)
