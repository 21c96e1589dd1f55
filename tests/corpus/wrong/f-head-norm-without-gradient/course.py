# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        z = self.projection(x)
        with torch.no_grad():
            length = z.pow(2).sum(dim=1, keepdim=True).sqrt()
        return z / length
