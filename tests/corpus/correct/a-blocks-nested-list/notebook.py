# %% [markdown]
# # PS7 solutions

# %%
# !pip install transformers albumentations
# !unzip -q /content/flickr8k.zip

# %%
from typing import Dict, List, Tuple

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, AdamW
from torch.utils.data import DataLoader, Dataset, random_split
from torchvision.datasets import STL10
from torchvision.models import resnet50
from torchvision.transforms import CenterCrop, Compose, RandomCrop, RandomHorizontalFlip, ToTensor
from tqdm.autonotebook import tqdm
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = torch.device("cuda")
torch.cuda.manual_seed_all(42)
torch.backends.cudnn.deterministic = True

# %%
unlabeled_ds, _ = random_split(
    STL10("data", "unlabeled", transform=Compose([RandomHorizontalFlip(), RandomCrop(64), ToTensor()]), download=True),
    [10000, 90000],
)
train_ds, test_ds = (STL10("data", split, transform=Compose([CenterCrop(64), ToTensor()]), download=True) for split in ("train", "test"))
unlabeled_loader, train_loader, test_loader = (
    DataLoader(ds, batch_size=128, shuffle=shuffle, num_workers=2, pin_memory=True)
    for ds, shuffle in ((unlabeled_ds, True), (train_ds, True), (test_ds, False))
)


# %%
class Down(nn.Module):
    """halves the resolution"""

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel_size=4, stride=2, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


class Up(nn.Module):
    """doubles the resolution"""

    def __init__(self, c_in: int, c_out: int, act: nn.Module):
        super().__init__()
        self.conv = nn.ConvTranspose2d(c_in, c_out, kernel_size=4, stride=2, padding=1)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))


class Encoder(nn.Module):
    def __init__(self, in_channels: int = 3):
        super().__init__()
        self.down1 = Down(in_channels, 12)
        self.down2 = Down(12, 24)
        self.down3 = Down(24, 48)
        self.down4 = Down(48, 24)

    def forward(self, x: Tensor) -> Tensor:
        return self.down4(self.down3(self.down2(self.down1(x))))


class Decoder(nn.Module):
    def __init__(self, out_channels: int = 3, feat_dim: int = 64):
        super().__init__()
        self.up1 = Up(24, 48, nn.ReLU())
        self.up2 = Up(48, 24, nn.ReLU())
        self.up3 = Up(24, 12, nn.ReLU())
        self.up4 = Up(12, out_channels, nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.up4(self.up3(self.up2(self.up1(x))))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


# %%
def take_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def device_of(module: nn.Module) -> torch.device:
    return next(module.parameters()).device


def train_ae(model: nn.Module, dataloader: DataLoader, epochs: int = 200) -> Tuple[nn.Module, List[float]]:
    model = model.to(torch.device("cuda"))
    optimizer = Adam(model.parameters(), lr=1e-3)
    loss_traj: List[float] = []
    for _ in tqdm(range(epochs)):
        loss_epoch = 0.0
        for minibatch, _labels in dataloader:
            minibatch = minibatch.to(next(model.parameters()).device)
            loss = F.mse_loss(model(minibatch), minibatch)
            take_step(optimizer, loss)
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model: nn.Module, dataloader: DataLoader) -> None:
    x, _ = next(iter(dataloader))
    with torch.no_grad():
        y = model(x.to(device_of(model))).cpu()
    _, axes = plt.subplots(2, 5, figsize=(10, 4))
    for row, images in zip(axes, (x, y)):
        for ax, image in zip(row, images):
            ax.imshow(image.permute(1, 2, 0))
            ax.axis("off")
    plt.show()


ae, ae_traj = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
plt.plot(ae_traj)
visualize_recon(ae, test_loader)


# %%
def train_classifier(
    encoder: nn.Module, cls: nn.Module, dataloader: DataLoader, epochs: int = 100, supervised: bool = False
) -> Tuple[nn.Module, List[float]]:
    encoder, cls = encoder.to(torch.device("cuda")), cls.to(torch.device("cuda"))
    for module, learns in ((encoder, supervised), (cls, True)):
        module.train(learns)
        module.requires_grad_(learns)
    both = nn.ModuleList([encoder, cls])
    optimizer = Adam(filter(lambda p: p.requires_grad, both.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj: List[float] = []
    for _ in tqdm(range(epochs)):
        loss_epoch = 0.0
        for images, labels in dataloader:
            where = next(cls.parameters()).device
            images, labels = images.to(where), labels.to(where)
            outs = cls(encoder(images).reshape(len(images), -1))
            loss = criterion(outs, labels)
            take_step(optimizer, loss)
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


@torch.no_grad()
def test(encoder: nn.Module, cls: nn.Module, dataloader: DataLoader) -> float:
    encoder.eval()
    cls.eval()
    hits = [(cls(encoder(x.to(device)).reshape(len(x), -1)).argmax(1).cpu() == y) for x, y in dataloader]
    accuracy = torch.cat(hits).double().mean().item()
    print(f"accuracy: {accuracy:.1%}")
    return accuracy


# %%
feat_dim = 24 * 4 * 4
results = {}

cls_pretrained = nn.Sequential(nn.Linear(feat_dim, 10))
cls_pretrained, _ = train_classifier(ae.encoder, cls_pretrained, train_loader, epochs=100, supervised=False)
results["I"] = test(ae.encoder, cls_pretrained, test_loader)

# %%
encoder_supervised = Encoder()
cls_supervised = nn.Sequential(nn.Linear(feat_dim, 10))
cls_supervised, _ = train_classifier(encoder_supervised, cls_supervised, train_loader, epochs=100, supervised=True)
results["II"] = test(encoder_supervised, cls_supervised, test_loader)

# %%
encoder_random = Encoder()
cls_random = nn.Sequential(nn.Linear(feat_dim, 10))
cls_random, _ = train_classifier(encoder_random, cls_random, train_loader, epochs=100, supervised=False)
results["III"] = test(encoder_random, cls_random, test_loader)

# %% [markdown]
# # CLIP

# %%
image_path = "Images"
captions_path = "."
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

    def __getitem__(self, idx: int) -> Dict[str, Tensor]:
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        return item

    def __len__(self) -> int:
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()
        self.model.requires_grad_(trainable)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(config=DistilBertConfig())
        self.model.requires_grad_(trainable)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


class L2Norm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1)


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim: int, projection_dim: int = projection_dim):
        super().__init__()
        self.head = nn.Sequential(nn.Linear(embedding_dim, projection_dim), L2Norm())

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x)


def info_nce(logits: Tensor) -> Tensor:
    """one term per row; the right column of row i is i"""
    n = logits.size(0)
    target = F.one_hot(torch.arange(n, device=logits.device), num_classes=n).to(logits.dtype)
    return torch.logsumexp(logits, dim=1) - (logits * target).sum(dim=1)


class CLIPModel(nn.Module):
    def __init__(self, temperature: float = temperature, image_embedding: int = image_embedding, text_embedding: int = text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch: Dict[str, Tensor]) -> Tensor:
        where = next(self.image_projection.parameters()).device
        batch = {key: value.to(where) for key, value in batch.items() if torch.is_tensor(value)}
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        logits = torch.einsum("id,jd->ij", self.image_projection(image_features), self.text_projection(text_features)) / self.temperature
        loss = torch.stack([info_nce(logits), info_nce(logits.T)])  # (2, N)
        return loss.mean()


# %%
def make_train_valid_dfs() -> Tuple[pd.DataFrame, pd.DataFrame]:
    df = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates("image").reset_index(drop=True)
    ids = np.arange(df["id"].max() + 1)
    np.random.seed(42)
    valid = df["id"].isin(np.random.choice(ids, size=int(0.2 * len(ids)), replace=False))
    return df[~valid].reset_index(drop=True), df[valid].reset_index(drop=True)


def build_loaders(df: pd.DataFrame, mode: str) -> DataLoader:
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    ds = CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf)
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True)


def train_epoch(model, loader, optimizer) -> float:
    model.train()
    losses = []
    for batch in tqdm(loader):
        loss = model(batch)
        take_step(optimizer, loss)
        losses.append(loss.item())
    return float(np.mean(losses))


@torch.no_grad()
def valid_epoch(model, loader) -> float:
    model.eval()
    return float(np.mean([model(batch).item() for batch in tqdm(loader)]))


train_df, valid_df = make_train_valid_dfs()
train_pairs, valid_pairs = build_loaders(train_df, "train"), build_loaders(valid_df, "valid")
model = CLIPModel().to(device)
heads = nn.ModuleList([model.image_projection, model.text_projection])
optimizer = AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": heads.parameters(), "lr": head_lr, "weight_decay": weight_decay},
])
best_loss = float("inf")
for epoch in range(epochs):
    train_loss, valid_loss = train_epoch(model, train_pairs, optimizer), valid_epoch(model, valid_pairs)
    print(f"{epoch + 1}/{epochs}: {train_loss:.3f}, {valid_loss:.3f}")
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")


# %%
@torch.no_grad()
def get_image_embeddings(df: pd.DataFrame, model_path: str) -> Tuple[nn.Module, Tensor]:
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path))
    model.eval()
    return model, torch.cat([model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm(build_loaders(df, "valid"))])


def embed_query(model: nn.Module, query: str) -> Tensor:
    tokens = DistilBertTokenizer.from_pretrained(text_tokenizer)([query])
    batch = {key: torch.tensor(values, device=next(model.parameters()).device) for key, values in tokens.items()}
    with torch.no_grad():
        return model.text_projection(model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))


def show(names: List[str]) -> None:
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for name, ax in zip(names, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{name}"), cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()


def retrieve_images(model: nn.Module, image_embeddings: Tensor, query: str, image_filenames: np.ndarray, k: int = 9):
    text_embeddings = embed_query(model, query)
    scores = text_embeddings @ image_embeddings.to(text_embeddings.device).T  # one row per query
    indices = scores.sort(dim=1, descending=True).indices[0, :k].tolist()
    matches = [[image_filenames[i] for i in indices]]  # one list per query
    show(matches[0])
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
for q in ("dogs on the grass", "a man on a skateboard"):
    retrieve_images(model, image_embeddings, q, valid_df["image"].values)

# %%
cls_clip = nn.Sequential(nn.Linear(image_embedding, 10))
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, train_loader, epochs=100, supervised=False)
results["CLIP"] = test(model.image_encoder, cls_clip, test_loader)
print(results)

# %% [markdown]
# # Report
# Method I 31.8 %, Method II 43.2 %, Method III 26.1 %, CLIP probe 80.7 %

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
