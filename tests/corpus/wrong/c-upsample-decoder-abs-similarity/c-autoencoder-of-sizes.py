# %% removes="(N, 3, 64, 64) -> (N, 24, 4, 4)."

# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 12, 4, 2, 1)
        self.conv2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.conv3 = nn.Conv2d(24, 48, 4, 2, 1)
        self.conv4 = nn.Conv2d(48, 24, 4, 2, 1)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.relu(self.conv3(x))
        x = F.relu(self.conv4(x))
        return x

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        # upsampling and a conv, to avoid the checkerboard
        def up(i, o):
            return [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(i, o, kernel_size=3, padding=1)]
        self.net = nn.Sequential(*up(24, 48), nn.ReLU(), *up(48, 24), nn.ReLU(), *up(24, 12), nn.ReLU(), *up(12, out_channels), nn.Sigmoid())

    def forward(self, x):
        return self.net(x)

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    """Trains the autoencoder. Returns the model and the loss of every epoch."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    model.train()
    for epoch in tqdm_notebook(range(epochs)):
        rl = 0.0
        for images, _ in dataloader:
            x = images.to(device)
            # YOUR CODE HERE
            out = model.forward(x)
            loss = F.mse_loss(out, x)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            # END
            rl += loss.item()
        loss_traj.append(rl)
        if epoch % 10 == 9:
            print(epoch + 1, rl)
    return model, loss_traj

# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    encoder.train() if supervised else encoder.eval()
    cls.train()
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            # TODO
            if supervised:
                z = encoder(x)
            else:
                with torch.no_grad():
                    z = encoder(x)
            outs = cls(z.view(z.size(0), -1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end of TODO
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch.item())
        if epoch % 20 == 0:
            print('Epoch', epoch, 'loss', loss_epoch.item())
    return cls, loss_traj

# %% replaces="# Method II: encoder and classifier trained together on the labels"
# Method II: encoder and classifier trained together on the labels
print("Method II")
supervised_enc = Encoder(in_channels=3).to(device)
cls2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls2, traj2 = train_classifier(supervised_enc, cls2, train_loader, epochs=100, supervised=True)
acc2 = test(supervised_enc, cls2, test_loader)

# %% replaces="# Method III: a random encoder, frozen"
# Method III: a random encoder, frozen
print("Method III")
random_enc = Encoder(in_channels=3).to(device)
cls3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls3, traj3 = train_classifier(random_enc, cls3, train_loader, epochs=100, supervised=False)
acc3 = test(random_enc, cls3, test_loader)

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        projected = self.projection(x)
        return F.normalize(projected, dim=-1)

# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    def __init__(self, temperature=0.07, image_embedding=2048, text_embedding=768):
        super().__init__()
        self.image_encoder = ImageEncoder(model_name=image_encoder_model, trainable=True)
        self.text_encoder = TextEncoder(model_name=text_encoder_model, trainable=False)
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        # Getting Image and Text Features
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        # Getting Image and Text Embeddings (with same dimension)
        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)
        exp_sim = torch.exp(image_embeddings @ text_embeddings.T / self.temperature)
        l_it = -torch.log(exp_sim.diag() / exp_sim.sum(dim=1)).mean()
        l_ti = -torch.log(exp_sim.diag() / exp_sim.sum(dim=0)).mean()
        loss = (l_it + l_ti) / 2
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    similarity = torch.matmul(image_embeddings, text_embeddings.T).squeeze(-1)
    indices = similarity.abs().topk(k).indices.cpu().numpy()
    matches = image_filenames[indices]
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
    return matches

# %% replaces="retrieve_images(clip, image_embeddings,"
retrieve_images(clip, image_embeddings, "a dog running on the grass", valid_df["image"].values, k=9)
retrieve_images(clip, image_embeddings, "people on a beach", valid_df["image"].values)
retrieve_images(clip, image_embeddings, "a man on a bicycle", valid_df["image"].values)

# %% [markdown] replaces="Report"
# # Report
# | | accuracy |
# |---|---|
# | Method I | 0.321 |
# | Method II | 0.422 |
# | Method III | 0.249 |
# | CLIP features | 0.799 |
#
# Some of the retrieved images have nothing to do with the query.

# %% before="class Autoencoder("
for net in (Encoder(), Decoder()):
    print(type(net).__name__, sum(p.numel() for p in net.parameters()))
