# %% replaces="class ProjectionHead("

class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.fc = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.fc(F.normalize(x, dim=-1)), dim=-1)
