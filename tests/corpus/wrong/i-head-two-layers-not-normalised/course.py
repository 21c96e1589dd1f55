# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.first = nn.Linear(embedding_dim, projection_dim)
        self.second = nn.Linear(projection_dim, projection_dim)

    def forward(self, x):
        return self.second(F.relu(self.first(x)))
