# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    given = [*cls.parameters(), *(encoder.parameters() if supervised else ())]
    optimizer = optim.Adam(given, lr=1e-3, weight_decay=1e-4)
    loss_traj = []
    if not supervised:
        # The encoder stays as it is, so its features do as well.
        encoder.eval()
        with torch.no_grad():
            seen = [(encoder(x.to(device)).flatten(1), y.to(device)) for x, y in dataloader]
        features, labels = torch.cat([f for f, _ in seen]), torch.cat([y for _, y in seen])
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        if supervised:
            minibatches = ((encoder(x.to(device)).flatten(1), y.to(device)) for x, y in dataloader)
        else:
            order = torch.randperm(len(features)).split(128)
            minibatches = ((features[rows], labels[rows]) for rows in order)
        for h, y in minibatches:
            optimizer.zero_grad()
            outs = cls(h)
            loss = F.cross_entropy(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj
