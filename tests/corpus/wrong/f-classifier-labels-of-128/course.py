# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """
    Args:
        encoder: the encoder of the autoencoder
        cls: linear classifier
        dataloader: training data
        epochs: number of epochs
        supervised: whether the encoder is trained as well
    """
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(supervised):
                features = encoder(x)
            outs = cls(features.view(x.shape[0], -1))
            loss = criterion(outs, y.view(128))
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj
