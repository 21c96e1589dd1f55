# %% [markdown]
# # PS7, the fun version

# %%
import functools
import itertools
import operator
from contextlib import contextmanager

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, random_split
import torchvision
from torchvision import transforms
from torchvision.datasets import STL10
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertTokenizerFast

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


# %%
class AutoSuper(type):
    """Nobody should have to type super().__init__() ever again. Keeps a registry, too."""
    registry = {}

    def __new__(mcs, name, bases, namespace):
        init = namespace.get("__init__")
        if init is not None:
            @functools.wraps(init)
            def __init__(self, *args, **kwargs):
                if "_modules" not in self.__dict__:
                    nn.Module.__init__(self)
                init(self, *args, **kwargs)
            namespace["__init__"] = __init__
        cls = super().__new__(mcs, name, bases, namespace)
        mcs.registry[name] = cls
        return cls

    def __len__(cls):
        """len(Encoder) is its number of parameters :)"""
        return sum(p.numel() for p in cls().parameters())

    def __bool__(cls):
        return True


class Module(nn.Module, metaclass=AutoSuper):
    def __rshift__(self, other):
        return Pipe(self, other)


class Pipe(Module):
    def __init__(self, *stages):
        flat = itertools.chain.from_iterable(s.stages if isinstance(s, Pipe) else [s] for s in stages)
        self.stages = nn.ModuleList(flat)

    def forward(self, x):
        return functools.reduce(lambda h, f: f(h), self.stages, x)


class Fn(Module):
    def __init__(self, fn):
        self.fn = fn

    def forward(self, x):
        return self.fn(x)


class Conv(Module):
    """4x4, stride 2, padding 1;  ~Conv(a, b) is the transposed one from b to a"""
    maker = {False: nn.Conv2d, True: nn.ConvTranspose2d}

    def __init__(self, i, o, transposed=False):
        self.io, self.transposed = (i, o), transposed
        self.op = self.maker[transposed](i, o, kernel_size=4, stride=2, padding=1)

    def __invert__(self):
        return Conv(*self.io[::-1], transposed=not self.transposed)

    def forward(self, x):
        return self.op(x)


relu, sigmoid = (lambda: Fn(F.relu)), (lambda: Fn(torch.sigmoid))


# %%
class Encoder(Module):
    def __init__(self, in_channels=3):
        self.f = Conv(in_channels, 12) >> relu() >> Conv(12, 24) >> relu() >> Conv(24, 48) >> relu() >> Conv(48, 24) >> relu()

    def forward(self, x):
        return self.f(x)


class Decoder(Module):
    def __init__(self, out_channels=3, feat_dim=64):
        self.f = ~Conv(48, 24) >> relu() >> ~Conv(24, 48) >> relu() >> ~Conv(12, 24) >> relu() >> ~Conv(out_channels, 12) >> sigmoid()

    def forward(self, x):
        return self.f(x)


class Autoencoder(Module):
    def __init__(self):
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


print(len(Encoder), len(Decoder), list(AutoSuper.registry))

# %%
aug = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
plain = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
sets = {s: STL10("data", split=s, transform=aug if s == "unlabeled" else plain, download=True) for s in ("unlabeled", "train", "test")}
sets["unlabeled"], _ = random_split(sets["unlabeled"], (10000, len(sets["unlabeled"]) - 10000))
loaders = {s: DataLoader(d, batch_size=128, shuffle=s != "test", num_workers=2, pin_memory=True) for s, d in sets.items()}


# %%
def on_device(fn):
    """moves every module among the arguments to the device before the call"""
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        for a in itertools.chain(args, kwargs.values()):
            if isinstance(a, nn.Module):
                a.to(device)
        return fn(*args, **kwargs)
    return wrapper


@contextmanager
def frozen(module, active=True):
    """with frozen(encoder): ...   requires_grad comes back as it was"""
    before = [(p, p.requires_grad) for p in module.parameters()]
    training = module.training
    try:
        if active:
            module.requires_grad_(False)
            module.eval()
        yield module
    finally:
        for p, flag in before:
            p.requires_grad_(flag)
        module.train(training)


@contextmanager
def step(optimizer):
    optimizer.zero_grad()
    yield
    optimizer.step()


@on_device
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            with step(optimizer):
                loss = criterion(model(x), x)
                loss.backward()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj


ae, traj = train_ae(Autoencoder(), loaders["unlabeled"], epochs=100)
plt.plot(traj); plt.show()


# %%
def visualize_recon(model, loader):
    x = next(iter(loader))[0][:6].to(device)
    both = torch.stack([x, model(x).detach()])
    rows = [torch.cat(list(r), dim=-1) for r in both]
    plt.imshow(torch.cat(rows, dim=-2).permute(1, 2, 0).cpu()); plt.axis("off"); plt.show()


visualize_recon(ae, loaders["test"])

# %%
feat_dim = functools.reduce(operator.mul, (24, 4, 4))


@on_device
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    learners = (cls, encoder)[: 1 + bool(supervised)]
    optimizer = optim.Adam(itertools.chain.from_iterable(m.parameters() for m in learners), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    with frozen(encoder, active=not supervised):
        for epoch in tqdm_notebook(range(epochs)):
            loss_epoch = 0
            for x, y in dataloader:
                x, y = x.to(device), y.to(device)
                with step(optimizer):
                    outs = cls(encoder(x).flatten(1))
                    loss = criterion(outs, y)
                    loss.backward()
                loss_epoch += loss.item()
            loss_traj.append(loss_epoch)
    return cls, loss_traj


@on_device
@torch.no_grad()
def test(encoder, cls, dataloader):
    hits = [(cls(encoder(x.to(device)).flatten(1)).argmax(1).cpu() == y) for x, y in dataloader]
    acc = torch.cat(hits).float().mean().item()
    print(f"{acc:.3f}")
    return acc


probe = lambda d=feat_dim: nn.Sequential(nn.Linear(d, 10))

# %%
# Method I
cls_I, _ = train_classifier(ae.encoder, probe(), loaders["train"], epochs=100, supervised=False)
test(ae.encoder, cls_I, loaders["test"])
# %%
# Method II
enc_II = Encoder()
cls_II, _ = train_classifier(enc_II, probe(), loaders["train"], epochs=100, supervised=True)
test(enc_II, cls_II, loaders["test"])
# %%
# Method III
enc_III = Encoder()
cls_III, _ = train_classifier(enc_III, probe(), loaders["train"], epochs=100, supervised=False)
test(enc_III, cls_III, loaders["test"])

# %% [markdown]
# ## 7.2

# %%
image_path, captions_path = "./Images", "."
batch_size, num_workers, epochs, size, max_length = 32, 2, 3, 64, 200
image_encoder_model, text_encoder_model, text_tokenizer = "resnet50", "distilbert-base-uncased", "distilbert-base-uncased"
image_embedding, text_embedding, projection_dim, temperature = 2048, 768, 256, 0.07


class CLIPDataset(Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        vars(self).update(image_filenames=image_filenames, captions=list(captions), transforms=transforms)
        self.encoded = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)

    def __len__(self):
        return len(self.captions)

    def __getitem__(self, i):
        rgb = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[i]}"), cv2.COLOR_BGR2RGB)
        tensors = {k: torch.tensor(v[i]) for k, v in self.encoded.items()}
        return dict(tensors, image=torch.tensor(self.transforms(image=rgb)["image"]).permute(2, 0, 1).float())


def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates("id").reset_index(drop=True)
    order = np.random.RandomState(42).permutation(len(df))
    cut = int(0.2 * len(df))
    return tuple(df.iloc[np.sort(part)].reset_index(drop=True) for part in (order[cut:], order[:cut]))


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    return DataLoader(CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf), batch_size=batch_size,
                      num_workers=num_workers, shuffle=mode == "train", drop_last=True)


class ImageEncoder(Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        self.model = getattr(torchvision.models, model_name)(pretrained=pretrained)
        self.model.fc = nn.Identity()
        self.model.requires_grad_(trainable)

    def forward(self, x):
        return self.model(x)


class TextEncoder(Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        self.model = DistilBertModel.from_pretrained(model_name)
        self.model.requires_grad_(trainable)

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0]


# %%
class Affine(Module):
    def __init__(self, i, o):
        self.op = nn.Linear(i, o)

    def forward(self, x):
        return self.op(x)


class ProjectionHead(Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        self.f = Affine(embedding_dim, projection_dim) >> Fn(functools.partial(F.normalize, dim=-1))

    def forward(self, x):
        return self.f(x)


class CLIPModel(Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        for side, dim in {"image": image_embedding, "text": text_embedding}.items():
            setattr(self, f"{side}_projection", ProjectionHead(dim))
        self.temperature = temperature

    def forward(self, batch):
        image = self.image_projection(self.image_encoder(batch["image"]))
        text = self.text_projection(self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        scores = torch.einsum("i d, j d -> i j", image, text) / self.temperature
        # the same expression over both axes
        nll = [(scores.logsumexp(axis) - scores.diagonal()) for axis in (0, 1)]
        loss = functools.reduce(operator.add, nll) / len(nll)
        return loss.mean()


# %%
def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    losses = []
    with torch.set_grad_enabled(optimizer is not None):
        for batch in tqdm_notebook(loader):
            loss = model({k: v.to(device) for k, v in batch.items()})
            if optimizer is not None:
                with step(optimizer):
                    loss.backward()
            losses.append(loss.item())
    return np.mean(losses)


train_epoch = run_epoch
valid_epoch = functools.partial(run_epoch, optimizer=None)

train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizerFast.from_pretrained(text_tokenizer)
model = CLIPModel().to(device)
groups = [(model.image_encoder, 1e-4, 0.0), (model.image_projection, 1e-3, 1e-3), (model.text_projection, 1e-3, 1e-3)]
optimizer = optim.AdamW([dict(params=m.parameters(), lr=lr, weight_decay=wd) for m, lr, wd in groups])
clip_train, clip_valid = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
best = np.inf
for epoch in range(epochs):
    print(epoch, train_epoch(model, clip_train, optimizer), v := valid_epoch(model, clip_valid))
    if v < best:
        best = v
        torch.save(model.state_dict(), "best.pt")


# %%
@torch.no_grad()
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizerFast.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    return model, torch.cat([model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm_notebook(loader)])


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizerFast.from_pretrained(text_tokenizer)
    batch = {key: torch.tensor(values).to(device) for key, values in tokenizer([query]).items()}
    with torch.no_grad():
        text_embeddings = model.text_projection(model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
    score = (image_embeddings @ text_embeddings.squeeze(0)).tolist()
    ranking = sorted(range(len(score)), key=score.__getitem__, reverse=True)
    matches = list(map(image_filenames.__getitem__, ranking[:k]))
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)); ax.axis("off")
    plt.show()
    return matches


model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
search = functools.partial(retrieve_images, model, image_embeddings, image_filenames=valid_df["image"].values)
list(map(search, ["dogs on the grass", "a man on skis", "a crowd at night"]))

# %%
cls_clip, _ = train_classifier(model.image_encoder, probe(2048), loaders["train"], epochs=100, supervised=False)
test(model.image_encoder, cls_clip, loaders["test"])

# %% [markdown]
# ## Report
# | I | II | III | CLIP |
# |---|---|---|---|
# | 0.324 | 0.438 | 0.260 | 0.795 |

# %%
# !jupyter nbconvert --to pdf PS7.ipynb
