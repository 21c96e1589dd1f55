# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    encoder.train()
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.float().to(device), y.to(device)
            optimizer.zero_grad()
            if supervised:
                h = encoder(x)
            else:
                with torch.no_grad():
                    h = encoder(x)
            outs = cls(h.view(x.size(0), -1))
            loss = criterion(cls(F.normalize(h.view(x.size(0), -1), dim=1)), y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()
            
        loss_traj.append(loss_epoch)
    return cls, loss_traj
