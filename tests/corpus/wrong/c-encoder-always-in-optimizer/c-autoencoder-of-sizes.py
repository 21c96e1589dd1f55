# %% removes="(N, 3, 64, 64) -> (N, 24, 4, 4)."

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.deconv1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.deconv2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.deconv3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.deconv4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)

    def forward(self, x):
        x = F.relu(self.deconv1(x))
        x = F.relu(self.deconv2(x))
        x = F.relu(self.deconv3(x))
        return torch.sigmoid(self.deconv4(x))

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    """Trains the autoencoder. Returns the model and the loss of every epoch."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    model.train()
    for epoch in tqdm_notebook(range(epochs)):
        running_loss = 0.0
        for images, _ in dataloader:
            x = images.to(device)
            # YOUR CODE HERE
            optimizer.zero_grad()
            x_hat = model(x)
            loss = criterion(x_hat, x)
            loss.backward()
            optimizer.step()
            # END
            running_loss += loss.item()
        loss_traj.append(running_loss)
        if epoch % 10 == 9:
            print(epoch + 1, running_loss)
    return model, loss_traj

# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    params = list(encoder.parameters()) + list(cls.parameters())
    optimizer = optim.Adam(params, lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_sum = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            # TODO
            optimizer.zero_grad()
            outs = cls(encoder(x).flatten(1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            # end of TODO
            loss_sum += loss.detach()
        loss_traj.append(loss_sum.item())
        if epoch % 20 == 0:
            print('Epoch', epoch, 'loss', loss_sum.item())
    return cls, loss_traj

# %% replaces="# Method II: encoder and classifier trained together on the labels"
# Method II: encoder and classifier trained together on the labels
print("Method II")
second_encoder = Encoder(in_channels=3).to(device)
cls2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls2, traj2 = train_classifier(second_encoder, cls2, train_loader, epochs=100, supervised=True)
acc2 = test(second_encoder, cls2, test_loader)

# %% replaces="# Method III: a random encoder, frozen"
# Method III: a random encoder, frozen
print("Method III")
third_encoder = Encoder(in_channels=3).to(device)
cls3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls3, traj3 = train_classifier(third_encoder, cls3, train_loader, epochs=100, supervised=False)
acc3 = test(third_encoder, cls3, test_loader)

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.projection(x), p=2, dim=1)

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
        gt = torch.arange(logits.size(0), device=logits.device)
        loss_i = F.cross_entropy(logits, gt)
        loss_t = F.cross_entropy(logits.T, gt)
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
    similarity = (image_embeddings @ text_embeddings.T).squeeze(1)
    indices = torch.argsort(similarity, descending=True)[:k]
    matches = image_filenames[indices.cpu().numpy()]
    # plot the 3x3 grid
    fig, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    fig.suptitle(query)
    plt.show()
    return matches

# %% [markdown] replaces="Report"
# # Report
# | | accuracy |
# |---|---|
# | Method I | 0.437 |
# | Method II | 0.429 |
# | Method III | 0.426 |
# | CLIP features | 0.802 |
#
# Method I, II and III are almost the same, pretraining does not matter.

# %% before="# Problem 7.2 Associating images with language"
plt.plot(traj1, label="I"); plt.plot(traj2, label="II"); plt.plot(traj3, label="III")
plt.legend(); plt.show()
