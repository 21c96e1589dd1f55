# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        optimizer.zero_grad()
        for i, (x, _) in enumerate(dataloader):
            x = x.to(device)
            loss = criterion(model(x), x)
            (loss / 4).backward()
            if (i + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj
