# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)
        self.ln = nn.LayerNorm(projection_dim)

    def forward(self, x):
        return self.ln(self.projection(x))
