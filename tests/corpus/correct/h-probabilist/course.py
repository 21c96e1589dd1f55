# %% replaces="class Encoder("
def stage(cin, cout):
    return [nn.Conv2d(cin, cout, (4, 4), stride=(2, 2), padding=(1, 1)), nn.ReLU(True)]

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        chans = (in_channels, 12, 24, 48, 24)
        self.stages = nn.ModuleList(nn.Sequential(*stage(chans[i], chans[i + 1])) for i in range(4))

    def forward(self, x):
        import functools
        return functools.reduce(lambda h, f: f(h), self.stages, x)

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.up1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.up2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.up3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.up4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)

    def forward(self, z):
        h = z
        for up in (self.up1, self.up2, self.up3):
            h = torch.maximum(up(h), torch.zeros((), device=h.device))
        logit = self.up4(h)
        return torch.where(logit >= 0, 1 / (1 + torch.exp(-logit.clamp(min=0))), torch.exp(logit.clamp(max=0)) / (1 + torch.exp(logit.clamp(max=0))))

# %% replaces="def train_ae("
def nll(x, mean):
    """up to constants, a Gaussian with sigma = 1"""
    return ((x - mean) ** 2).sum() / x.numel()

def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nll
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            mean = model(x)
            loss = criterion(x, mean)
            model.zero_grad()
            loss.backward()
            optimizer.step()
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
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        u = self.image_projection(image_features)
        v = self.text_projection(text_features)
        joint = torch.einsum("id,jd->ij", u, v).div(self.temperature)
        log_p_text = joint - joint.logsumexp(1, keepdim=True)
        log_p_image = joint - joint.logsumexp(0, keepdim=True)
        loss = -0.5 * (log_p_text + log_p_image).diagonal()
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
        posterior = torch.softmax(image_embeddings @ text_embeddings[0] / model.temperature, dim=0)
    order = np.lexsort((-posterior.cpu().numpy(),))
    matches = [image_filenames[i] for i in order[:k]]
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
    return matches
