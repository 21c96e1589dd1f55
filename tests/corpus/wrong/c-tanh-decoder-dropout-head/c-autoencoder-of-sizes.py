# %% removes="(N, 3, 64, 64) -> (N, 24, 4, 4)."

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
            nn.Tanh(),
        )

    def forward(self, x):
        return self.decoder(x)

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        ep_total = 0
        for i, (x, _) in enumerate(dataloader):
            x = x.to(device)
            ############### TODO ###############
            loss = criterion(model(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            ############# END TODO #############
            ep_total += loss.detach()
        print("Epoch {}, loss {:.3f}".format(epoch, ep_total))
        loss_traj.append(ep_total.cpu())
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
        ep_total = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            # TODO
            optimizer.zero_grad()
            outs = cls(encoder(x).flatten(1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            # end of TODO
            ep_total += loss.detach()
        loss_traj.append(ep_total.item())
        if epoch % 20 == 0:
            print('Epoch', epoch, 'loss', ep_total.item())
    return cls, loss_traj

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = self.projection(x)
        x = self.dropout(x)
        return F.normalize(x, dim=-1)

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
        scores = torch.exp(image_embeddings @ text_embeddings.T / self.temperature)
        loss_img = -torch.log(scores.diag() / scores.sum(dim=1)).mean()
        loss_txt = -torch.log(scores.diag() / scores.sum(dim=0)).mean()
        loss = (loss_img + loss_txt) / 2
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    sim = F.cosine_similarity(text_embeddings, image_embeddings).cpu().numpy()
    matches = image_filenames[np.argsort(-sim)[:k]]
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
    return matches

# %% [markdown] replaces="Report"
# # Report
# | | accuracy |
# |---|---|
# | Method I | 0.313 |
# | Method II | 0.430 |
# | Method III | 0.250 |
# | CLIP features | 0.796 |

# %% [markdown] before="def test("
# *Why are some pixels black? Maybe train longer.*

# %% [markdown] before="## Linear probe of the image encoder on STL-10"
# The first query works well, the second not so much.
