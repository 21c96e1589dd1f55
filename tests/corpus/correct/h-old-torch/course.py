# %% replaces="class Encoder("
from torch.autograd import Variable
from torch.nn.parameter import Parameter

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        nn.Module.__init__(self)
        self.c1 = nn.Conv2d(in_channels, 12, 4, 2, 1)
        self.c2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.c3 = nn.Conv2d(24, 48, 4, 2, 1)
        self.c4 = nn.Conv2d(48, 24, 4, 2, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, input):
        out = self.relu(self.c1(input))
        out = self.relu(self.c2(out))
        out = self.relu(self.c3(out))
        out = self.relu(self.c4(out))
        return out

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        nn.Module.__init__(self)
        self.d1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.d2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.d3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.d4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)

    def forward(self, input):
        out = F.relu_(self.d1(input))
        out = F.relu_(self.d2(out))
        out = F.relu_(self.d3(out))
        return F.sigmoid(self.d4(out))

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
            x = Variable(x)
            optimizer.zero_grad()
            out = model(x)
            loss = criterion(out, Variable(x.data))
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print("Epoch %d, loss %.3f" % (epoch, loss_epoch))
            visualize_recon(model, dataloader)
    return model, loss_traj

# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            feat = encoder(Variable(x))
            if not supervised:
                feat = Variable(feat.data)
            outs = cls(feat.view(feat.size(0), -1))
            loss = criterion(outs, Variable(y.long()))
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj

# %% replaces="class ProjectionHead("
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        nn.Module.__init__(self)
        self.fc = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        out = self.fc(x)
        norm = out.pow(2).sum(1).sqrt().unsqueeze(1).expand_as(out)
        return out.div(norm)

# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        nn.Module.__init__(self)
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        img = self.image_projection(image_features)
        txt = self.text_projection(text_features)
        sim = torch.mm(img, txt.t()).mul(1.0 / self.temperature)
        labels = Variable(torch.LongTensor(range(sim.size(0))).to(sim.device))
        loss = (F.nll_loss(F.log_softmax(sim, 1), labels) + F.nll_loss(F.log_softmax(sim.t(), 1), labels)) / 2.0
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    dot = torch.mm(image_embeddings, text_embeddings.t()).squeeze().data.cpu()
    values, idx = torch.sort(dot, 0, True)
    matches = list(np.array(image_filenames)[idx[:k].numpy()])
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
    return matches
