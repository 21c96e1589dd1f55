# %% before="def train_ae("
from fastprogress.fastprogress import master_bar, progress_bar

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
    bars = master_bar(range(epochs))
    for epoch in bars:
        loss_epoch = 0
        for x, _ in progress_bar(dataloader, parent=bars):
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        bars.write(f"epoch {epoch}")
        bars.child.comment = f"{loss_epoch:.2f}"
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}")
            visualize_recon(model, dataloader)
    return model, loss_traj
