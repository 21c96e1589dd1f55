# %% replaces="class Encoder("

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.body = nn.Sequential()
        widths = [in_channels, 12, 24, 48, 24]
        for i, (a, b) in enumerate(zip(widths, widths[1:]), start=1):
            self.body.add_module(f"conv{i}", nn.Conv2d(a, b, 4, 2, 1))
            self.body.add_module(f"relu{i}", nn.ReLU())
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                nn.init.zeros_(m.bias)

    def forward(self, x):
        for name, layer in self.body.named_children():
            x = layer(x)
        return x

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

            def closure():
                optimizer.zero_grad()
                loss = criterion(model(x), x)
                loss.backward()
                return loss

            loss = optimizer.step(closure)
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}")
            visualize_recon(model, dataloader)
    return model, loss_traj

# %% replaces="class CLIPModel("

class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)
        S = (I @ T.T) / self.temperature
        n = S.size(0)
        loss = F.cross_entropy(torch.cat([S, S.T], dim=0), torch.arange(n, device=S.device).repeat(2))
        return loss.mean()
