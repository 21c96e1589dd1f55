# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.decoder.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for i, (x, _) in enumerate(dataloader):
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj
