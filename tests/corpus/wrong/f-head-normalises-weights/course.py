# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        self.projection.weight.data = F.normalize(self.projection.weight.data, dim=1)
        return F.normalize(self.projection(x), dim=-1)
