# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.W = nn.Parameter(torch.randn(embedding_dim, projection_dim) / embedding_dim**0.5)
        self.b = nn.Parameter(torch.zeros(projection_dim))

    def forward(self, x):
        x = x @ self.W + self.b
        return x / x.norm(dim=1, keepdim=True)
