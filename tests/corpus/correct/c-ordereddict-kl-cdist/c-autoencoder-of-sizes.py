# %% removes="(N, 3, 64, 64) -> (N, 24, 4, 4)."

# %% replaces="class Encoder("
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        widths = [in_channels, 12, 24, 48, 24]
        stack = OrderedDict()
        for depth, (a, b) in enumerate(zip(widths, widths[1:]), start=1):
            stack[f"down{depth}"] = nn.Conv2d(a, b, kernel_size=4, stride=2, padding=1)
            stack[f"relu{depth}"] = nn.ReLU(inplace=True)
        self.stack = nn.Sequential(stack)

    def forward(self, x):
        return self.stack(x)

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        widths = [24, 48, 24, 12, out_channels]
        stack = OrderedDict()
        for depth, (a, b) in enumerate(zip(widths, widths[1:]), start=1):
            stack[f"up{depth}"] = nn.ConvTranspose2d(a, b, kernel_size=4, stride=2, padding=1)
            stack[f"act{depth}"] = nn.Sigmoid() if b is widths[-1] and depth == 4 else nn.ReLU(inplace=True)
        self.stack = nn.Sequential(stack)

    def forward(self, x):
        return self.stack(x)

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            ##### TODO: one minibatch #####
            for p in model.parameters():      # same as optimizer.zero_grad(set_to_none=True)
                p.grad = None
            reconstruction = model(x)
            loss = criterion(input=reconstruction, target=x)
            loss.backward()
            optimizer.step()
            ##### END #####
            loss_epoch += loss.detach()
        print("Epoch %d: loss %.4f" % (epoch, loss_epoch))
        loss_traj.append(loss_epoch.item())
    return model, loss_traj

# %% replaces="def train_classifier("
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    groups = [{"params": cls.parameters(), "lr": 1e-3, "weight_decay": 1e-4}]
    if supervised:
        groups.append({"params": encoder.parameters(), "lr": 1e-3, "weight_decay": 1e-4})
    optimizer = optim.Adam(groups)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        encoder.train(supervised)
        cls.train()
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(supervised):
                feats = encoder(x)
            # inference above only switches off the graph of the encoder
            outs = cls(feats.view(x.size(0), -1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(epoch, loss_epoch)
    return cls, loss_traj

# %% replaces="class ProjectionHead("
class L2Norm(nn.Module):
    def forward(self, x):
        return x / x.norm(p=2, dim=-1, keepdim=True)


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.net = nn.Sequential(OrderedDict([
            ("projection", nn.Linear(embedding_dim, projection_dim)),
            ("normalize", L2Norm()),
        ]))

    def forward(self, x):
        return self.net(x)

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
        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)

        # The one hot distribution has entropy 0, so KL(target || softmax) is the cross entropy.
        logits = torch.div(image_embeddings.mm(text_embeddings.t()), self.temperature)
        onehot = F.one_hot(torch.arange(logits.shape[0], device=logits.device), logits.shape[0]).type_as(logits)
        image_to_text = F.kl_div(logits.log_softmax(dim=1), onehot, reduction="none").sum(dim=1)
        text_to_image = F.kl_div(logits.log_softmax(dim=0), onehot, reduction="none").sum(dim=0)
        loss = torch.stack((image_to_text, text_to_image)).mean(dim=0)   # one number per pair
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # unit vectors: |a-b|^2 = 2 - 2 a.b, so the nearest are the most similar ones
    image_embeddings = F.normalize(image_embeddings, dim=-1)
    text_embeddings = F.normalize(text_embeddings, dim=-1)
    distance = torch.cdist(text_embeddings, image_embeddings, compute_mode="donot_use_mm_for_euclid_dist")[0]
    nearest = distance.topk(k, largest=False, sorted=True).indices
    matches = image_filenames[nearest.cpu().numpy()]

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
retrieve_images(clip, image_embeddings, "a man riding a bicycle", valid_df["image"].values)

# %% [markdown] replaces="Report"
# # Report
# | | accuracy |
# |---|---|
# | Method I | 0.314 |
# | Method II | 0.428 |
# | Method III | 0.251 |
# | CLIP features | 0.797 |
#
# Random features are the worst, as expected.

# %% before="# Problem 7.1 Representation learning: Autoencoders"
from collections import OrderedDict
