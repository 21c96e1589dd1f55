# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        self.weight = torch.randn(embedding_dim, projection_dim) / embedding_dim**0.5

    def forward(self, x):
        return F.normalize(x @ self.weight.to(x.device), dim=-1)
