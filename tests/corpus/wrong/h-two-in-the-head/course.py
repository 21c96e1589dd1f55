# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim, bias=False)

    def forward(self, x):
        p = self.projection(x)
        return p / p.norm(dim=0)

# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=1e-3)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            feats = encoder(x) if supervised else encoder(x).detach()
            outs = F.softmax(cls(feats.view(len(x), -1)), dim=-1)
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj
