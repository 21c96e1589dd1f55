# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.table = nn.Parameter(torch.randn(embedding_dim, projection_dim) / embedding_dim ** 0.5)

    def forward(self, x):
        y = x @ self.table
        return y / y.norm(dim=1, keepdim=True)
