# %% replaces="(N, 3, 64, 64) -> (N, 24, 4, 4)."
x, y = next(iter(train_loader))
print(x.shape, y.shape, x.min(), x.max())
for i in range(6):
    plt.subplot(1, 6, i + 1); plt.imshow(x[i].permute(1, 2, 0)); plt.title(classes[y[i]]); plt.axis("off")
plt.show()

# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        def conv(i, o):
            return nn.Conv2d(i, o, kernel_size=3, stride=2, padding=1)
        self.conv1, self.conv2 = conv(in_channels, 12), conv(12, 24)
        self.conv3, self.conv4 = conv(24, 48), conv(48, 24)

    def forward(self, x):
        for layer in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.relu(layer(x))
        return x

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(12, out_channels, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(x)

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        epoch_loss = 0
        for i, (x, _) in enumerate(dataloader):
            x = x.to(device)
            ############### TODO ###############
            optimizer.zero_grad()
            x_hat = model(x)
            loss = criterion(x_hat, x)
            loss.backward()
            optimizer.step()
            ############# END TODO #############
            epoch_loss += loss.detach()
        print("Epoch {}, loss {:.3f}".format(epoch, epoch_loss))
        loss_traj.append(epoch_loss.cpu())
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
        epoch_loss = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            # TODO
            feats = encoder(x).view(x.size(0), -1)
            if not supervised:
                feats = feats.detach()
            outs = cls(feats)
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end of TODO
            epoch_loss += loss.detach()
        loss_traj.append(epoch_loss.item())
        if epoch % 20 == 0:
            print('Epoch', epoch, 'loss', epoch_loss.item())
    return cls, loss_traj

# %% replaces="# Method II: encoder and classifier trained together on the labels"
# Method II: encoder and classifier trained together on the labels
print("Method II")
enc_sup = Encoder(in_channels=3).to(device)
cls2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls2, traj2 = train_classifier(enc_sup, cls2, train_loader, epochs=100, supervised=True)
acc2 = test(enc_sup, cls2, test_loader)

# %% replaces="# Method III: a random encoder, frozen"
# Method III: a random encoder, frozen
print("Method III")
enc_rand = Encoder(in_channels=3).to(device)
cls3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls3, traj3 = train_classifier(enc_rand, cls3, train_loader, epochs=100, supervised=False)
acc3 = test(enc_rand, cls3, test_loader)

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
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
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
        logits = image_embeddings @ text_embeddings.T / self.temperature
        targets = torch.arange(logits.size(0), device=logits.device)
        loss_i = F.cross_entropy(logits, targets)
        loss_t = F.cross_entropy(logits.T, targets)
        loss = (loss_i + loss_t) / 2
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    # sim_matrix of the query with every image
    sim = image_embeddings @ text_embeddings.T
    order = np.argsort(sim.squeeze().cpu().numpy())
    matches = image_filenames[order[:k]]
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
# | Method I | 0.301 |
# | Method II | 0.417 |
# | Method III | 0.248 |
# | CLIP features | 0.798 |
#
# The retrieval results are not very good, maybe 3 epochs are too few.
