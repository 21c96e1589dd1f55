# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
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
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}")
            fig, (left, right) = plt.subplots(1, 2)
            n, bins, patches = left.hist(x.flatten().cpu().numpy(), bins=np.linspace(0, 1, 11))
            patches[0].set_facecolor("red")
            assert int(n.sum()) == x.numel() and len(bins) == 11
            right.imshow(x[0].permute(1, 2, 0).cpu())
            visualize_recon(model, dataloader)
    return model, loss_traj
