# %% removes="super(Encoder, self).__init__()"

# %% removes="class Decoder("

# %% replaces="class Encoder("
class Encoder(nn.Module):
    calls = 0

    def __init__(self, in_channels=3):
        super().__init__()
        self.relu = nn.ReLU()
        self.c4, self.c3, self.c2, self.c1 = half(48, 24), half(24, 48), half(12, 24), half(in_channels, 12)

    def __call__(self, *args, **kwargs):
        Encoder.calls += 1
        return super().__call__(*args, **kwargs)

    @checked((3, 64, 64), (24, 4, 4))
    def forward(self, x):
        r = self.relu
        return r(self.c4(r(self.c3(r(self.c2(r(self.c1(x))))))))

class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.relu = nn.ReLU()
        self.d1, self.d2, self.d3, self.d4 = double(24, 48), double(48, 24), double(24, 12), double(12, out_channels)

    @checked((24, 4, 4), (3, 64, 64))
    def forward(self, x):
        r = self.relu
        logits = self.d4(r(self.d3(r(self.d2(r(self.d1(x)))))))
        return 1 / (1 + torch.exp(-logits))      # sigmoid

# %% replaces="def train_ae("
@timed
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
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
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj

# %% replaces="def train_classifier("
def frozen_features(encoder):
    """the encoder as a plain function, without a graph"""
    @torch.no_grad()
    def features(x):
        return encoder(x)
    return features

@timed
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    encoder.train(mode=supervised)
    featurize = encoder if supervised else frozen_features(encoder)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(torch.flatten(featurize(x), start_dim=1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj

# %% replaces="class ProjectionHead("
def unit_length(forward):
    @functools.wraps(forward)
    def inner(self, x):
        return F.normalize(forward(self, x), dim=-1)
    return inner

class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    @unit_length
    def forward(self, x):
        return self.projection(x)

# %% replaces="class CLIPModel("
def symmetric(loss_fn):
    """makes the loss of both directions out of the loss of one"""
    @functools.wraps(loss_fn)
    def inner(a, b, tau):
        return (loss_fn(a, b, tau) + loss_fn(b, a, tau)) / 2
    return inner

@symmetric
def info_nce(a, b, tau):
    probs = F.softmax(a @ b.T / tau, dim=1)
    return -torch.log(torch.diagonal(probs)).mean()

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
        loss = info_nce(self.image_projection(image_features), self.text_projection(text_features), self.temperature)
        return loss.mean()

# %% replaces="def retrieve_images("
@timed
@torch.no_grad()
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarity = F.cosine_similarity(image_embeddings, text_embeddings, dim=1)
    ranking = similarity.argsort(descending=True)[:k].cpu().numpy()
    matches = image_filenames[ranking]

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

# %% replaces="retrieve_images(clip, image_embeddings,"
retrieve_images(clip, image_embeddings, "dog catching a frisbee", valid_df["image"].values, k=9)
retrieve_images(clip, image_embeddings, "a crowd in the street", valid_df["image"].values)
retrieve_images(clip, image_embeddings, "climbing a rock", valid_df["image"].values)

# %% [markdown] replaces="Report"
# # Report
# | | accuracy |
# |---|---|
# | Method I | 0.307 |
# | Method II | 0.431 |
# | Method III | 0.249 |
# | CLIP features | 0.8011 |
#
# see plots above

# %% replaces="# Convert to PDF"
from google.colab import files
!jupyter nbconvert --to html ps7.ipynb
!wkhtmltopdf ps7.html ps7.pdf
files.download("ps7.pdf")

# %% before="class Encoder("
import functools, time

def checked(shape_in, shape_out):
    """checks the shapes of a forward pass (without the batch axis)"""
    def wrap(fn):
        @functools.wraps(fn)
        def inner(self, x):
            assert tuple(x.shape[1:]) == shape_in, x.shape
            y = fn(self, x)
            assert tuple(y.shape[1:]) == shape_out, y.shape
            return y
        return inner
    return wrap

def timed(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        start = time.time()
        try:
            return fn(*args, **kwargs)
        finally:
            print("%s took %.1f min" % (fn.__name__, (time.time() - start) / 60))
    return inner

half = functools.partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
double = functools.partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
