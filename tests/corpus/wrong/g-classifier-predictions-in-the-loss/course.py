# %% replaces="def train_classifier("

def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
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
                z = encoder(x).view(x.shape[0], -1)
            outs = cls(z)
            loss = (outs.argmax(dim=1) != y).float().mean()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj
