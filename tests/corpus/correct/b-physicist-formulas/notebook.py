# %% [markdown]
# # PS7: Representation Learning
#
# Name: *(removed)* &nbsp; Dept. of Physics
#
# Conventions: indices $n$ run over the minibatch, $d$ over features. Einstein summation is implied nowhere, I always write `einsum`.

# %%
import math
import os
import random

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import STL10
from torchsummary import summary
from tqdm import tqdm_notebook

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print("Using device:", device)

# %%
SEED = 137  # 1/alpha
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)
torch.cuda.manual_seed_all(SEED)

# %% [markdown]
# # Problem 7.1 Autoencoders
# ### Data

# %%
unlabeled_transform = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
labeled_transform = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])

unlabeled_full = STL10("./data", split="unlabeled", transform=unlabeled_transform, download=True)
train_set = STL10("./data", split="train", transform=labeled_transform, download=True)
test_set = STL10("./data", split="test", transform=labeled_transform, download=True)

N_u = 10000
unlabeled_set, _ = random_split(unlabeled_full, [N_u, len(unlabeled_full) - N_u])

batch_size = 128
unlabeled_loader = DataLoader(unlabeled_set, batch_size=batch_size, shuffle=True, num_workers=2)
train_loader = DataLoader(train_set, batch_size=batch_size, shuffle=True, num_workers=2)
test_loader = DataLoader(test_set, batch_size=batch_size, shuffle=False, num_workers=2)

# %% [markdown]
# ### Network
# Output size of a conv layer: $o = \lfloor (i + 2p - k)/s \rfloor + 1$; with $k=4, s=2, p=1$ this is exactly $o = i/2$: $64 \to 32 \to 16 \to 8 \to 4$.

# %%
k, s, p = 4, 2, 1


class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        c = [in_channels, 12, 24, 48, 24]
        self.W1 = nn.Conv2d(c[0], c[1], k, s, p)
        self.W2 = nn.Conv2d(c[1], c[2], k, s, p)
        self.W3 = nn.Conv2d(c[2], c[3], k, s, p)
        self.W4 = nn.Conv2d(c[3], c[4], k, s, p)

    def forward(self, x):
        theta = lambda u: u * (u > 0)  # Heaviside times argument = ReLU
        for W in (self.W1, self.W2, self.W3, self.W4):
            x = theta(W(x))
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        c = [24, 48, 24, 12, out_channels]
        self.V1 = nn.ConvTranspose2d(c[0], c[1], k, s, p)
        self.V2 = nn.ConvTranspose2d(c[1], c[2], k, s, p)
        self.V3 = nn.ConvTranspose2d(c[2], c[3], k, s, p)
        self.V4 = nn.ConvTranspose2d(c[3], c[4], k, s, p)

    def forward(self, x):
        x = F.relu(self.V1(x))
        x = F.relu(self.V2(x))
        x = F.relu(self.V3(x))
        return 0.5 * (1 + torch.tanh(0.5 * self.V4(x)))  # sigma(x) = (1 + tanh(x/2)) / 2


# %%
class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder(in_channels=3)
        self.decoder = Decoder(out_channels=3)

    def forward(self, x):
        return self.decoder(self.encoder(x))


# number of parameters, by hand: sum_l (c_l * 16 + 1) * c_{l+1}
chain = [3, 12, 24, 48, 24]
print("expected:", sum((a * 16 + 1) * b for a, b in zip(chain[:-1], chain[1:])))
print("counted :", sum(q.numel() for q in Encoder().parameters()), sum(q.numel() for q in Decoder().parameters()))
summary(Autoencoder().to(device), (3, 64, 64))


# %%
def train_ae(model, dataloader, epochs=200):
    model.to(device)
    model.train()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            ##### YOUR CODE #####
            optimizer.zero_grad()
            x_hat = model(x)
            # <(x_hat - x)^2>, mean over all pixels, channels and images
            loss = criterion(x_hat, x)
            loss.backward()
            optimizer.step()
            #####################
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(f"Epoch {epoch}, loss {loss_epoch:.4f}")
    return model, loss_traj


# %%
ae, ae_loss = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
plt.semilogy(ae_loss); plt.xlabel("epoch"); plt.ylabel(r"$\sum$ MSE"); plt.show()


# %%
def visualize_recon(model, dataloader, n=8):
    x, _ = next(iter(dataloader))
    x = x[:n].to(device)
    with torch.no_grad():
        r = model(x)
    grid = torchvision.utils.make_grid(torch.cat([x, r]).cpu(), nrow=n)
    plt.figure(figsize=(12, 4)); plt.imshow(grid.permute(1, 2, 0)); plt.axis("off"); plt.show()


visualize_recon(ae, test_loader)

# %% [markdown]
# ### Linear classifier
# Freezing: I cut the graph at the feature, $\partial L/\partial\theta_{enc} \equiv 0$.

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to(device); cls.to(device)
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            ##### YOUR CODE #####
            phi = encoder(x)
            if not supervised:
                phi = phi.detach()
            phi = phi.reshape(phi.shape[0], -1)
            outs = cls(phi)
            # - sum_n log p(y_n | x_n) / N, log p = E_y - log Z
            logZ = torch.logsumexp(outs, dim=1)
            loss = (logZ - outs.gather(1, y[:, None]).squeeze(1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            #####################
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            z = encoder(x)
            pred = cls(z.reshape(z.shape[0], -1)).argmax(1)
            correct += (pred == y).sum().item(); total += y.numel()
    acc = correct / total
    print(f"accuracy = {acc:.4f} +- {math.sqrt(acc * (1 - acc) / total):.4f}")  # binomial error bar
    return acc


# %%
# Method I
cls1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls1, traj1 = train_classifier(ae.encoder, cls1, train_loader, epochs=100, supervised=False)
acc1 = test(ae.encoder, cls1, test_loader)

# %%
# Method II
enc2 = Encoder(); cls2 = nn.Sequential(nn.Linear(feat_dim, 10))
cls2, traj2 = train_classifier(enc2, cls2, train_loader, epochs=100, supervised=True)
acc2 = test(enc2, cls2, test_loader)

# %%
# Method III
enc3 = Encoder(); cls3 = nn.Sequential(nn.Linear(feat_dim, 10))
cls3, traj3 = train_classifier(enc3, cls3, train_loader, epochs=100, supervised=False)
acc3 = test(enc3, cls3, test_loader)

# %% [markdown]
# # Problem 7.2 CLIP

# %%
# !pip install -q transformers albumentations
# !wget -q https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_Dataset.zip
# !unzip -qq Flickr8k_Dataset.zip

# %%
import albumentations as A
import cv2
import pandas as pd
from torchvision.models import resnet50
from transformers import DistilBertModel, DistilBertTokenizer

image_path = "./Flicker8k_Dataset"
captions_path = "."
batch_size = 32
num_workers = 2
image_encoder_lr, head_lr, weight_decay = 1e-4, 1e-3, 1e-3
epochs = 3
size = 64
max_length = 200
image_encoder_model = "resnet50"
text_encoder_model = "distilbert-base-uncased"
text_tokenizer = "distilbert-base-uncased"
image_embedding, text_embedding, projection_dim = 2048, 768, 256
temperature = 0.07

df = pd.read_csv(f"{captions_path}/captions.csv")
df.head()


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        item["caption"] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def get_transforms(mode="train"):
    return A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])


def make_train_valid_dfs():
    first = df.drop_duplicates("id")  # the first caption of each photo
    ids = np.arange(0, first["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    train_ids = [i for i in ids if i not in valid_ids]
    return first[first["id"].isin(train_ids)].reset_index(drop=True), first[first["id"].isin(valid_ids)].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    ds = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer, get_transforms(mode))
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()
        for q in self.model.parameters():
            q.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        for q in self.model.parameters():
            q.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


# %% [markdown]
# Head: $z \mapsto \frac{Wz+b}{\lVert Wz+b\rVert_2}$, a point on $S^{255}$.

# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.W = nn.Linear(embedding_dim, projection_dim)

    def forward(self, z):
        v = self.W(z)
        r = torch.sqrt(torch.einsum("nd,nd->n", v, v))
        return v / r[:, None]


# %% [markdown]
# $$\mathcal L = \frac1{2N}\sum_n\left[\log\sum_j e^{I_n\cdot T_j/\tau} + \log\sum_j e^{T_n\cdot I_j/\tau} - 2\, I_n\cdot T_n/\tau\right]$$
#
# i.e. a free energy minus an energy at temperature $\tau$, once for each "species".

# %%
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
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)
        beta = 1.0 / self.temperature
        E = beta * torch.einsum("id,jd->ij", I, T)      # E_ij = beta I_i . T_j
        E_nn = beta * torch.einsum("nd,nd->n", I, T)    # matching pairs
        F_I = torch.logsumexp(E, dim=1)                 # sum over texts at fixed image
        F_T = torch.logsumexp(E, dim=0)                 # sum over images at fixed text
        loss = 0.5 * (F_I + F_T) - E_nn                 # one number for each pair
        return loss.mean()


# %%
def train_epoch(model, loader, optimizer):
    total, n = 0.0, 0
    bar = tqdm_notebook(loader, total=len(loader))
    for batch in bar:
        batch = {key: v.to(device) for key, v in batch.items() if key != "caption"}
        loss = model(batch)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        total += loss.item() * len(batch["image"]); n += len(batch["image"])
        bar.set_postfix(train_loss=total / n)
    return total / n


def valid_epoch(model, loader):
    total, n = 0.0, 0
    with torch.no_grad():
        for batch in tqdm_notebook(loader, total=len(loader)):
            batch = {key: v.to(device) for key, v in batch.items() if key != "caption"}
            total += model(batch).item() * len(batch["image"]); n += len(batch["image"])
    return total / n


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
clip_train, clip_valid = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
optimizer = torch.optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay}])
best = float("inf")
print("random guess would give log N =", math.log(batch_size))
for epoch in range(epochs):
    model.train(); tl = train_epoch(model, clip_train, optimizer)
    model.eval(); vl = valid_epoch(model, clip_valid)
    print(epoch, tl, vl)
    if vl < best:
        best = vl
        torch.save(model.state_dict(), "best.pt")


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    chunks = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            chunks.append(model.image_projection(model.image_encoder(batch["image"].to(device))))
    return model, torch.cat(chunks)


model, image_embeddings = get_image_embeddings(valid_df, "best.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    # overlap <I_n | T>
    overlap = torch.einsum("nd,d->n", image_embeddings, text_embeddings[0]).cpu().numpy()
    matches = image_filenames[:len(overlap)][np.argsort(-overlap)[:k]]
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)
        ax.imshow(image); ax.axis("off")
    plt.show()
    return matches


for query in ["dogs on the grass", "a person climbing a rock", "children playing in the water"]:
    retrieve_images(model, image_embeddings, query, valid_df["image"].values, k=9)

# %%
# linear probe of the visual backbone
probe = nn.Sequential(nn.Linear(2048, 10))
probe, _ = train_classifier(model.image_encoder, probe, train_loader, epochs=100, supervised=False)
acc_clip = test(model.image_encoder, probe, test_loader)

# %% [markdown]
# # Report
# | | accuracy |
# |---|---|
# | Method I (AE, frozen) | 0.3156 |
# | Method II (supervised) | 0.4290 |
# | Method III (random, frozen) | 0.2571 |
# | CLIP linear probe | 0.8005 |
#
# The statistical error is $\sqrt{p(1-p)/8000}\approx 0.005$, so all four differ significantly. Random features are the worst, as an untrained encoder knows nothing of the data.

# %%
# !apt-get -qq install texlive texlive-xetex pandoc > /dev/null
# !jupyter nbconvert --to pdf "/content/drive/MyDrive/PS7.ipynb"
