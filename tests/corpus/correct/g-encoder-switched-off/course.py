# %% replaces="def train_classifier("

def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.requires_grad_(supervised)
    params = [p for p in [*encoder.parameters(), *cls.parameters()] if p.requires_grad]
    optimizer = optim.Adam(params, lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(encoder(x).view(x.shape[0], -1))
            target = F.one_hot(y, num_classes=10).to(outs.dtype)
            loss = criterion(outs, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    encoder.requires_grad_(True)
    return cls, loss_traj

# %% replaces="class ProjectionHead("

class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.fc = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        z = self.fc(x)
        length = z.square().sum(dim=-1, keepdim=True).clamp_min(1e-12).sqrt()
        return torch.true_divide(z, length.expand_as(z))
