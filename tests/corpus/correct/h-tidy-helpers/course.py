# %% replaces="class Encoder("
class ConvBlock(nn.Module):
    def __init__(self, n_in, n_out, transpose=False, activation=nn.ReLU):
        super().__init__()
        conv = nn.ConvTranspose2d if transpose else nn.Conv2d
        self.conv = conv(in_channels=n_in, out_channels=n_out, kernel_size=4, stride=2, padding=1)
        self.act = activation()

    def forward(self, x):
        return self.act(self.conv(x))


class Encoder(nn.Module):
    WIDTHS = [12, 24, 48, 24]

    def __init__(self, in_channels=3):
        super().__init__()
        blocks, previous = [], in_channels
        for width in self.WIDTHS:
            blocks.append(ConvBlock(previous, width))
            previous = width
        self.net = nn.Sequential(*blocks)

    def forward(self, x):
        assert x.dim() == 4, x.shape
        return self.net(x)

# %% replaces="class Decoder("
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        pairs = list(zip(Encoder.WIDTHS[::-1], Encoder.WIDTHS[-2::-1] + [out_channels]))
        acts = [nn.ReLU] * (len(pairs) - 1) + [nn.Sigmoid]
        self.net = nn.Sequential(*(ConvBlock(*p, transpose=True, activation=a) for p, a in zip(pairs, acts)))

    def forward(self, z):
        return self.net(z)

# %% replaces="def train_classifier("
def _probe_step(encoder, cls, x, y, criterion, supervised):
    features = encoder(x) if supervised else encoder(x).detach()
    logits = cls(features.flatten(start_dim=1))
    return logits, criterion(input=logits, target=y)

def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    groups = [{"params": cls.parameters()}]
    if supervised:
        groups.append({"params": encoder.parameters()})
    optimizer = optim.Adam(groups, lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss(reduction="mean")
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs, loss = _probe_step(encoder, cls, x, y, criterion, supervised)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj

# %% replaces="class ProjectionHead("
def l2_normalize(x, axis=-1, eps=1e-12):
    return x / torch.linalg.vector_norm(x, dim=axis, keepdim=True).clamp_min(eps)

class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.linear = nn.Linear(in_features=embedding_dim, out_features=projection_dim, bias=True)

    def forward(self, x):
        return l2_normalize(self.linear(x))

# %% replaces="class CLIPModel("
def contrastive_loss(a, b, temperature):
    """InfoNCE of a against b, each row against all."""
    logits = torch.matmul(a, b.transpose(0, 1)) / temperature
    return nn.CrossEntropyLoss(reduction="none")(logits, torch.arange(a.shape[0]).to(logits.device))

class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def embed(self, image_features, text_features):
        return self.image_projection(image_features), self.text_projection(text_features)

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        images, texts = self.embed(image_features, text_features)
        loss = 0.5 * contrastive_loss(images, texts, self.temperature) + 0.5 * contrastive_loss(texts, images, self.temperature)
        return loss.mean()
