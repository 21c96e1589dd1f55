# %% [markdown]
# # Problem Set 7 (fall 2023, PyTorch 2.0, A100 from Colab Pro)

# %%
# !pip install -q transformers albumentations
# !python -c "import torch; print(torch.__version__)"

# %%
import warnings
warnings.filterwarnings("ignore")

from pathlib import Path

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import transforms
from torchvision.datasets import STL10
from torchvision.models import ResNet50_Weights, resnet50
from tqdm.autonotebook import tqdm, trange
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = torch.device("cuda")
torch.manual_seed(0)
np.random.seed(0)


# %% [markdown]
# ## Autoencoder

# %%
def make_stl10(folder=Path("data"), batch=128):
    unl_tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
    lab_tf = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
    unl = STL10(folder, split="unlabeled", transform=unl_tf, download=True)
    unl, _ = torch.utils.data.random_split(unl, [0.1, 0.9])
    lab = STL10(folder, split="train", transform=lab_tf, download=True)
    tst = STL10(folder, split="test", transform=lab_tf, download=True)
    opts = dict(batch_size=batch, num_workers=2, pin_memory=True, persistent_workers=True)
    return DataLoader(unl, shuffle=True, **opts), DataLoader(lab, shuffle=True, **opts), DataLoader(tst, **opts)


unl_dl, lab_dl, tst_dl = make_stl10()


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, 12, 4, 2, 1)
        self.c2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.c3 = nn.Conv2d(24, 48, 4, 2, 1)
        self.c4 = nn.Conv2d(48, 24, 4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.c1(x))
        x = torch.relu(self.c2(x))
        x = torch.relu(self.c3(x))
        return torch.relu(self.c4(x))


class Decoder(nn.Module):
    def __init__(self, out_channels: int = 3, feat_dim: int = 64) -> None:
        super().__init__()
        self.d1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.d2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.d3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.d4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        z = torch.relu(self.d1(z))
        z = torch.relu(self.d2(z))
        z = torch.relu(self.d3(z))
        return self.d4(z).sigmoid()


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    model.to(device)
    model.train()
    fast_model = torch.compile(model)  # shares its parameters with model
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    scaler = torch.cuda.amp.GradScaler()
    loss_traj = []
    with trange(epochs) as bar:
        for epoch in bar:
            loss_epoch = 0
            for x, _ in dataloader:
                x = x.to(device, non_blocking=True)
                optimizer.zero_grad()
                with torch.amp.autocast(device_type="cuda"):
                    loss = criterion(fast_model(x), x)
                scaler.scale(loss).backward()
                scaler.step(optimizer)
                scaler.update()
                loss_epoch += loss.detach().item()
            bar.set_postfix(loss=loss_epoch)
            loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model, dataloader):
    model.eval()
    x, _ = next(iter(dataloader))
    with torch.inference_mode():
        y = model(x.to(device)).cpu()
    fig, axs = plt.subplots(2, 8, figsize=(16, 4))
    for j in range(8):
        axs[0, j].imshow(x[j].permute(1, 2, 0))
        axs[1, j].imshow(y[j].permute(1, 2, 0))
    for ax in axs.flat:
        ax.axis("off")
    plt.show()


# %%
ae = Autoencoder()
ae, ae_traj = train_ae(ae, unl_dl, epochs=100)
plt.plot(ae_traj)

# %%
visualize_recon(ae, tst_dl)

# %% [markdown]
# ## Classifiers

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to(device)
    cls.to(device)
    groups = [{"params": cls.parameters()}]
    if supervised:
        groups.append({"params": encoder.parameters()})
        encoder.train()
    else:
        encoder.eval()
    optimizer = torch.optim.Adam(groups, lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    embed = torch.compile(encoder)
    loss_traj = []
    with trange(epochs) as bar:
        for epoch in bar:
            loss_epoch = 0
            for x, y in dataloader:
                x = x.to(device, non_blocking=True)
                y = y.to(device, non_blocking=True)
                h = embed(x).flatten(start_dim=1)
                if not supervised:
                    h = h.detach()
                outs = cls(h)
                loss = criterion(outs, y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                loss_epoch += loss.detach().item()
            bar.set_postfix(loss=loss_epoch)
            loss_traj.append(loss_epoch)
    return cls, loss_traj


@torch.inference_mode()
def test(encoder, cls, dataloader):
    encoder.eval()
    correct, total = 0, 0
    for x, y in dataloader:
        pred = cls(encoder(x.to(device)).flatten(1)).argmax(1).cpu()
        correct += (pred == y).sum().item()
        total += len(y)
    acc = correct / total
    print(f"test accuracy: {acc:.3f}")
    return acc


# %%
# I
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, _ = train_classifier(ae.encoder, clf, lab_dl, epochs=100, supervised=False)
acc_I = test(ae.encoder, clf, tst_dl)

# %%
# II
enc = Encoder()
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, _ = train_classifier(enc, clf, lab_dl, epochs=100, supervised=True)
acc_II = test(enc, clf, tst_dl)

# %%
# III
enc = Encoder()
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, _ = train_classifier(enc, clf, lab_dl, epochs=100, supervised=False)
acc_III = test(enc, clf, tst_dl)

# %% [markdown]
# ## CLIP

# %%
image_path = "/content/flickr8k/Images"
captions_path = "/content/flickr8k"
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
weight_decay = 1e-3
epochs = 3
image_encoder_model = "resnet50"
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
temperature = 0.07
size = 64
projection_dim = 256


# %%
class CLIPDataset(Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")[:, :, ::-1]
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        item["caption"] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").groupby("image").first().reset_index()
    image_ids = np.arange(0, df["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    return df.query("id not in @valid_ids").reset_index(drop=True), df.query("id in @valid_ids").reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    ds = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=tf)
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True, pin_memory=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(ResNet50_Weights.IMAGENET1K_V2 if pretrained else None)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(config=DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim: int, projection_dim: int = projection_dim) -> None:
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = self.projection(x)
        return x / torch.linalg.vector_norm(x, ord=2, dim=-1, keepdim=True)


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding) -> None:
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch) -> Tensor:
        with torch.amp.autocast(device_type="cuda"):
            image_features = self.image_encoder(batch["image"])
            text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        v = self.image_projection(image_features.float())
        t = self.text_projection(text_features.float())
        logits_per_image = v.matmul(t.mT).div(self.temperature)
        logits_per_text = logits_per_image.mT
        ground_truth = torch.arange(v.shape[0], dtype=torch.long, device=device)
        loss = 0.5 * F.cross_entropy(logits_per_image, ground_truth) + 0.5 * F.cross_entropy(logits_per_text, ground_truth)
        return loss.mean()


# %%
def train_epoch(model, loader, optimizer):
    model.train()
    losses = []
    for batch in (bar := tqdm(loader)):
        del batch["caption"]
        loss = model({k: v.to(device) for k, v in batch.items()})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        bar.set_postfix(loss=np.mean(losses))
    return np.mean(losses)


@torch.no_grad()
def valid_epoch(model, loader):
    model.eval()
    losses = []
    for batch in tqdm(loader):
        del batch["caption"]
        losses.append(model({k: v.to(device) for k, v in batch.items()}).item())
    return np.mean(losses)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_dl, valid_dl = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")

model = CLIPModel().to(device)
compiled = torch.compile(model)
optimizer = torch.optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": [*model.image_projection.parameters(), *model.text_projection.parameters()], "lr": head_lr, "weight_decay": weight_decay},
])
best = float("inf")
for epoch in range(epochs):
    train_loss = train_epoch(compiled, train_dl, optimizer)
    valid_loss = valid_epoch(compiled, valid_dl)
    print(epoch, train_loss, valid_loss)
    if valid_loss < best:
        best = valid_loss
        torch.save(model.state_dict(), "best.pt")  # not compiled.state_dict(): its keys begin with _orig_mod


# %%
@torch.no_grad()
def get_image_embeddings(df, model_path):
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path))
    model.eval()
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    embs = [model.image_projection(model.image_encoder(batch["image"].to(device))) for batch in tqdm(loader)]
    return model, torch.cat(embs)


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded = tokenizer([query])
    batch = {key: torch.tensor(values, device=device) for key, values in encoded.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarity = F.cosine_similarity(text_embeddings, image_embeddings.to(device), dim=1)  # broadcast: (N,)
    top = torch.argsort(similarity, descending=True)[:k].tolist()
    matches = image_filenames[top]

    fig, axes = plt.subplots(3, 3, figsize=(10, 10))
    fig.suptitle(query)
    for match, ax in zip(matches, axes.flat):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
retrieve_images(model, image_embeddings, "dogs on the grass", valid_df["image"].values, k=9)

# %%
retrieve_images(model, image_embeddings, "a football player", valid_df["image"].values, k=9)

# %% [markdown]
# ### linear probe

# %%
clf = nn.Sequential(nn.Linear(image_embedding, 10))
clf, _ = train_classifier(model.image_encoder, clf, lab_dl, epochs=100, supervised=False)
acc_clip = test(model.image_encoder, clf, tst_dl)

# %% [markdown]
# ## Report
# * Method I (pretrained): 0.309
# * Method II (supervised): 0.437
# * Method III (random): 0.256
# * CLIP: 0.806

# %%
# !apt-get install -y -qq pandoc texlive-xetex > /dev/null
# !jupyter nbconvert --to pdf PS7.ipynb
