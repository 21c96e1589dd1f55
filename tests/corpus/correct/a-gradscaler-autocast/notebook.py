# %% [markdown]
# # PS7 Representation learning
# *Colab T4, everything with mixed precision because I ran out of compute units :(*

# %%
# !pip -q install transformers albumentations
# !nvidia-smi -L

# %%
# %matplotlib inline
import time
from itertools import chain

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.cuda.amp import GradScaler
from torch.utils.data import DataLoader, Dataset, random_split
from torchvision import transforms as T
from torchvision.datasets import STL10
from torchvision.models import resnet50, ResNet50_Weights
from torchvision.utils import make_grid
from tqdm.notebook import tqdm as tqdm_notebook
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = torch.device("cuda")
torch.backends.cudnn.benchmark = True

# %% [markdown]
# ## 7.1 Data

# %%
tf_unlabeled = T.Compose([T.RandomHorizontalFlip(), T.RandomCrop(64), T.ToTensor()])
tf_labeled = T.Compose([T.CenterCrop(64), T.ToTensor()])

big = STL10("data", split="unlabeled", transform=tf_unlabeled, download=True)
ds_unlabeled, _ = random_split(big, [10_000, len(big) - 10_000], generator=torch.Generator().manual_seed(0))
ds_train = STL10("data", split="train", transform=tf_labeled)
ds_test = STL10("data", split="test", transform=tf_labeled)

kw = dict(batch_size=128, num_workers=2, pin_memory=True)
dl_unlabeled = DataLoader(ds_unlabeled, shuffle=True, **kw)
dl_train = DataLoader(ds_train, shuffle=True, **kw)
dl_test = DataLoader(ds_test, shuffle=False, **kw)


# %% [markdown]
# ## Networks

# %%
class Encoder(nn.Module):
    def __init__(self, in_channels: int = 3):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(in_channels, 12, kernel_size=4, stride=2, padding=1),  # 32
            nn.ReLU(inplace=True),
            nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1),  # 16
            nn.ReLU(inplace=True),
            nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1),  # 8
            nn.ReLU(inplace=True),
            nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1),  # 4
            nn.ReLU(inplace=True),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self, out_channels: int = 3, feat_dim: int = 64):
        super().__init__()
        self.net = nn.Sequential(
            nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(12, out_channels, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
@torch.no_grad()
def visualize_recon(model, loader):
    x = next(iter(loader))[0][:10].to(device)
    grid = make_grid(torch.cat((x, model(x).float())).cpu(), nrow=10)
    plt.figure(figsize=(15, 3))
    plt.imshow(grid.permute(1, 2, 0))
    plt.axis("off")
    plt.show()


def train_ae(model: nn.Module, dataloader: DataLoader, epochs: int = 200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    scaler = GradScaler()
    model.to(device)
    model.train()
    loss_traj = []
    start = time.time()
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device, non_blocking=True)
            optimizer.zero_grad(set_to_none=True)
            with torch.cuda.amp.autocast():
                recon = model(x)
                loss = criterion(recon, x)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        print(f"[{time.time() - start:6.1f}s] epoch {epoch + 1}/{epochs} loss={loss_epoch:.4f} scale={scaler.get_scale()}")
    return model, loss_traj


# %%
ae, traj = train_ae(Autoencoder(), dl_unlabeled, epochs=100)
plt.semilogy(traj)
visualize_recon(ae, dl_test)

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder: nn.Module, cls: nn.Module, dataloader: DataLoader, epochs: int = 100, supervised: bool = False):
    params = chain(encoder.parameters(), cls.parameters()) if supervised else cls.parameters()
    optimizer = optim.Adam(params, lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    scaler = torch.cuda.amp.GradScaler()
    encoder.to(device).train(supervised)
    cls.to(device).train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            optimizer.zero_grad(set_to_none=True)
            with torch.cuda.amp.autocast(enabled=True):
                with torch.set_grad_enabled(supervised):
                    feats = encoder(x).flatten(1)
                outs = cls(feats)
                loss = criterion(outs, y)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    print("final loss", loss_traj[-1])
    return cls, loss_traj


@torch.no_grad()
def test(encoder, cls, dataloader):
    encoder.eval(), cls.eval()
    hits = n = 0
    for x, y in dataloader:
        with torch.cuda.amp.autocast():
            guess = cls(encoder(x.to(device)).flatten(1)).argmax(1)
        hits += (guess.cpu() == y).sum().item()
        n += len(y)
    print(f"accuracy {hits / n:.4f}")
    return hits / n


# %%
# Method I
cls1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls1, _ = train_classifier(ae.encoder, cls1, dl_train, 100, supervised=False)
acc1 = test(ae.encoder, cls1, dl_test)

# %%
# Method II
enc2, cls2 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls2, _ = train_classifier(enc2, cls2, dl_train, 100, supervised=True)
acc2 = test(enc2, cls2, dl_test)

# %%
# Method III
enc3, cls3 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls3, _ = train_classifier(enc3, cls3, dl_train, 100, supervised=False)
acc3 = test(enc3, cls3, dl_test)

# %% [markdown]
# ## 7.2 CLIP

# %%
image_path = "Images"
captions_path = "."
batch_size = 32
num_workers = 2
head_lr, image_encoder_lr, weight_decay = 1e-3, 1e-4, 1e-3
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

    def __len__(self):
        return len(self.captions)

    def __getitem__(self, i):
        item = {k: torch.tensor(v[i]) for k, v in self.encoded_captions.items()}
        img = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[i]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=img)["image"]).permute(2, 0, 1).float()
        return item


def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").groupby("image", sort=False).first().reset_index()
    ids = np.arange(0, df["id"].max() + 1)
    np.random.seed(42)
    held_out = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    is_valid = df["id"].isin(held_out)
    return df[~is_valid].reset_index(drop=True), df[is_valid].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    ds = CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf)
    return DataLoader(ds, batch_size=batch_size, shuffle=mode == "train", num_workers=num_workers, pin_memory=True, drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(ResNet50_Weights.IMAGENET1K_V2) if pretrained else resnet50()
        self.model.fc = nn.Identity()
        self.model.requires_grad_(trainable)

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(DistilBertConfig())
        self.model.requires_grad_(trainable)

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim: int, projection_dim: int = projection_dim):
        super().__init__()
        self.fc = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.fc(x).float()  # the norm overflows in half precision
        return z / z.norm(dim=-1, keepdim=True)


class CLIPModel(nn.Module):
    def __init__(self, temperature: float = temperature, image_embedding: int = image_embedding, text_embedding: int = text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.autocast("cuda", dtype=torch.float16):
            image_features = self.image_encoder(batch["image"])
            text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
            img = self.image_projection(image_features)
            txt = self.text_projection(text_features)
        # the loss itself in float32
        logits = (img.float() @ txt.float().t()) / self.temperature
        i2t = -torch.diagonal(F.log_softmax(logits, dim=1))
        t2i = -torch.diagonal(F.log_softmax(logits, dim=0))
        loss = 0.5 * (i2t + t2i)
        return loss.mean()


# %%
def to_gpu(batch):
    return {k: v.to(device, non_blocking=True) for k, v in batch.items()}


def train_epoch(model, loader, optimizer, scaler):
    model.train()
    total = 0
    for batch in tqdm_notebook(loader):
        loss = model(to_gpu(batch))
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        total += loss.item()
    return total / len(loader)


@torch.no_grad()
def valid_epoch(model, loader):
    model.eval()
    return sum(model(to_gpu(batch)).item() for batch in loader) / len(loader)


# %%
train_df, valid_df = make_train_valid_dfs()
tok = DistilBertTokenizer.from_pretrained(text_tokenizer)
pairs_train, pairs_valid = build_loaders(train_df, tok, "train"), build_loaders(valid_df, tok, "valid")
model = CLIPModel().to(device)
optimizer = optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": chain(model.image_projection.parameters(), model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay},
])
scaler = GradScaler()
best = np.inf
for epoch in range(epochs):
    tr, va = train_epoch(model, pairs_train, optimizer, scaler), valid_epoch(model, pairs_valid)
    print(f"{epoch}: {tr:.3f} {va:.3f}")
    if va < best:
        best = va
        torch.save(model.state_dict(), "best.pt")


# %%
@torch.no_grad()
def get_image_embeddings(df, model_path):
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    out = [model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm_notebook(loader)]
    return model, torch.cat(out)


# %%
def retrieve_images(model: CLIPModel, image_embeddings: torch.Tensor, query: str, image_filenames: np.ndarray, k: int = 9) -> np.ndarray:
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    tokens = tokenizer([query])
    batch = {name: torch.tensor(values).to(device) for name, values in tokens.items()}
    with torch.no_grad(), torch.amp.autocast(device_type="cuda"):
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    scores = (image_embeddings.float() @ text_embeddings.float().squeeze(0))  # outside of autocast: fp16 has too many ties
    matches = image_filenames[scores.topk(k).indices.cpu().numpy()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB))
        ax.set_axis_off()
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
names = valid_df["image"].values
print(retrieve_images(model, image_embeddings, "dogs on the grass", names))

# %%
print(retrieve_images(model, image_embeddings, "a man riding a bike", names))

# %%
cls_clip = nn.Sequential(nn.Linear(image_embedding, 10))
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, dl_train, epochs=100, supervised=False)
acc_clip = test(model.image_encoder, cls_clip, dl_test)

# %% [markdown]
# ## Report
# - Method I: 31.26 %
# - Method II: 43.01 %
# - Method III: 25.93 %
# - CLIP linear probe: 80.39 %

# %%
# !apt-get -qq install texlive-xetex texlive-fonts-recommended texlive-plain-generic pandoc > /dev/null 2>&1
# !jupyter nbconvert --to pdf ps7_amp.ipynb
