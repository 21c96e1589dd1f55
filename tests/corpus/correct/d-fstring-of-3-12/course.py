# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
    log = {"loss": []}
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            log["loss"].append(loss_epoch)
            print(f"Epoch {epoch}, loss {log["loss"][-1]:.3f}")
            visualize_recon(model, dataloader)
    return model, loss_traj
