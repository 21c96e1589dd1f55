# %% [markdown]
# # Problem Set 7

# %%
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial, reduce
from itertools import chain
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Tuple

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset, random_split
from torchvision import transforms as T
from torchvision.datasets import STL10
from torchvision.models import ResNet50_Weights, resnet50
from tqdm import tqdm_notebook
from transformers import AutoModel, AutoTokenizer


# %%
@dataclass(frozen=True)
class AEConfig:
    root: str = "data"
    n_unlabeled: int = 10_000
    crop: int = 64
    batch_size: int = 128
    ae_epochs: int = 100
    cls_epochs: int = 100
    lr: float = 1e-3
    weight_decay: float = 1e-4
    channels: Tuple[int, ...] = (12, 24, 48, 24)
    conv: Dict[str, int] = field(default_factory=lambda: dict(kernel_size=4, stride=2, padding=1))


@dataclass(frozen=True)
class CLIPConfig:
    image_path: str = "/content/Flicker8k_Dataset"
    captions_path: str = "/content/captions.csv"
    image_encoder_model: str = "resnet50"
    text_encoder_model: str = "distilbert-base-uncased"
    text_tokenizer: str = "distilbert-base-uncased"
    batch_size: int = 32
    num_workers: int = 2
    epochs: int = 3
    size: int = 64
    max_length: int = 200
    image_embedding: int = 2048
    text_embedding: int = 768
    projection_dim: int = 256
    temperature: float = 0.07
    image_encoder_lr: float = 1e-4
    head_lr: float = 1e-3
    weight_decay: float = 1e-3


ae_cfg, cfg = AEConfig(), CLIPConfig()
globals().update({k: v for k, v in asdict(cfg).items()})  # the given code reads these as globals
feat_dim: int = 24 * 4 * 4
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def seed_everything(seed: int) -> None:
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)


seed_everything(42)

# %% [markdown]
# ## 7.1

# %%
augment = T.Compose([T.RandomHorizontalFlip(), T.RandomCrop(ae_cfg.crop), T.ToTensor()])
plain = T.Compose([T.CenterCrop(ae_cfg.crop), T.ToTensor()])
make_set = lambda split, tf: STL10(ae_cfg.root, split=split, transform=tf, download=True)
make_loader = partial(DataLoader, batch_size=ae_cfg.batch_size, num_workers=2, pin_memory=True)

unlabeled = make_set("unlabeled", augment)
unlabeled, _ = random_split(unlabeled, [ae_cfg.n_unlabeled, len(unlabeled) - ae_cfg.n_unlabeled])
loaders: Dict[str, DataLoader] = {
    "unlabeled": make_loader(unlabeled, shuffle=True),
    "train": make_loader(make_set("train", plain), shuffle=True),
    "test": make_loader(make_set("test", plain), shuffle=False),
}

# %%
pairs: Callable[[List[int]], Iterable[Tuple[int, int]]] = lambda c: zip(c[:-1], c[1:])
down = lambda i, o: nn.Conv2d(i, o, **ae_cfg.conv)
up = lambda i, o: nn.ConvTranspose2d(i, o, **ae_cfg.conv)


class Encoder(nn.Module):
    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        widths = [in_channels, *ae_cfg.channels]
        self.net = nn.Sequential(*chain.from_iterable((down(i, o), nn.ReLU()) for i, o in pairs(widths)))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self, out_channels: int = 3, feat_dim: int = 64) -> None:
        super().__init__()
        widths = [*reversed(ae_cfg.channels), out_channels]
        layers = list(chain.from_iterable((up(i, o), nn.ReLU()) for i, o in pairs(widths)))
        layers[-1] = nn.Sigmoid()  # replace the trailing ReLU
        self.net = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)


class Autoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


n_params = lambda m: sum(p.numel() for p in m.parameters())
assert (n_params(Encoder()), n_params(Decoder())) == (42_156, 42_135)


# %%
def train_ae(model: nn.Module, dataloader: DataLoader, epochs: int = 200) -> Tuple[nn.Module, List[float]]:
    model = model.to(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj: List[float] = []
    for _ in tqdm_notebook(range(epochs)):
        loss_epoch = 0.0
        for images, _labels in dataloader:
            images = images.to(device, non_blocking=True)
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(model(images), images)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj


@torch.no_grad()
def visualize_recon(model: nn.Module, loader: DataLoader, n: int = 6) -> None:
    images = next(iter(loader))[0][:n].to(device)
    rows = (images.cpu(), model(images).cpu())
    _, axes = plt.subplots(2, n, figsize=(2 * n, 4))
    for row, axs in zip(rows, axes):
        for img, ax in zip(row, axs):
            ax.imshow(img.permute(1, 2, 0).numpy())
            ax.axis("off")
    plt.show()


autoencoder, ae_traj = train_ae(Autoencoder(), loaders["unlabeled"], epochs=ae_cfg.ae_epochs)
plt.plot(ae_traj)
plt.show()
visualize_recon(autoencoder, loaders["test"])


# %%
def train_classifier(encoder: nn.Module, cls: nn.Module, dataloader: DataLoader, epochs: int = 100,
                     supervised: bool = False) -> Tuple[nn.Module, List[float]]:
    encoder, cls = encoder.to(device), cls.to(device)
    encoder.requires_grad_(supervised)
    encoder.train(supervised)  # no batch statistics may move in a frozen encoder
    trainable = [p for p in chain(cls.parameters(), encoder.parameters()) if p.requires_grad]
    optimizer = optim.Adam(trainable, lr=ae_cfg.lr, weight_decay=ae_cfg.weight_decay)
    criterion = nn.CrossEntropyLoss()
    loss_traj: List[float] = []
    for _ in tqdm_notebook(range(epochs)):
        loss_epoch = 0.0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            outs = cls(encoder(x).flatten(1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


@torch.no_grad()
def test(encoder: nn.Module, cls: nn.Module, dataloader: DataLoader) -> float:
    hits = total = 0
    for x, y in dataloader:
        pred = cls(encoder(x.to(device)).flatten(1)).argmax(1).cpu()
        hits, total = hits + int((pred == y).sum()), total + len(y)
    print(f"test accuracy: {hits / total:.3f}")
    return hits / total


linear = lambda d=feat_dim: nn.Sequential(nn.Linear(d, 10))

# %% Method I
results: Dict[str, float] = {}
cls_1, _ = train_classifier(autoencoder.encoder, linear(), loaders["train"], supervised=False)
results["I"] = test(autoencoder.encoder, cls_1, loaders["test"])

# %% Method II
encoder_2 = Encoder()
cls_2, _ = train_classifier(encoder_2, linear(), loaders["train"], supervised=True)
results["II"] = test(encoder_2, cls_2, loaders["test"])

# %% Method III
encoder_3 = Encoder()
cls_3, _ = train_classifier(encoder_3, linear(), loaders["train"], supervised=False)
results["III"] = test(encoder_3, cls_3, loaders["test"])
results

# %% [markdown]
# ## 7.2

# %%
captions = pd.read_csv(cfg.captions_path)


class CLIPDataset(Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms: A.Compose) -> None:
        self.image_filenames, self.captions = image_filenames, list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=cfg.max_length, return_tensors="pt")
        self.transforms = transforms

    def __len__(self) -> int:
        return len(self.captions)

    def __getitem__(self, i: int) -> dict:
        image = cv2.cvtColor(cv2.imread(str(Path(cfg.image_path) / self.image_filenames[i])), cv2.COLOR_BGR2RGB)
        return dict(
            image=torch.from_numpy(self.transforms(image=image)["image"]).permute(2, 0, 1).float(),
            input_ids=self.encoded_captions["input_ids"][i],
            attention_mask=self.encoded_captions["attention_mask"][i],
            caption=self.captions[i],
        )


def make_train_valid_dfs() -> Tuple[pd.DataFrame, pd.DataFrame]:
    firsts = captions.groupby("id", as_index=False).first()
    rng = np.random.RandomState(42)
    valid_ids = rng.choice(firsts["id"], size=len(firsts) // 5, replace=False)
    is_valid = firsts["id"].isin(valid_ids)
    return firsts[~is_valid].reset_index(drop=True), firsts[is_valid].reset_index(drop=True)


def build_loaders(dataframe: pd.DataFrame, tokenizer, mode: str) -> DataLoader:
    transforms = A.Compose([A.Resize(cfg.size, cfg.size, always_apply=True), A.Normalize(always_apply=True)])
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer, transforms)
    return DataLoader(dataset, cfg.batch_size, shuffle=mode == "train", num_workers=cfg.num_workers, drop_last=True, pin_memory=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name: str = cfg.image_encoder_model, pretrained: bool = True, trainable: bool = True) -> None:
        super().__init__()
        self.model = resnet50(ResNet50_Weights.IMAGENET1K_V2 if pretrained else None)
        self.model.fc = nn.Identity()
        self.requires_grad_(trainable)

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name: str = cfg.text_encoder_model, pretrained: bool = True, trainable: bool = False) -> None:
        super().__init__()
        self.model = AutoModel.from_pretrained(model_name)
        self.requires_grad_(trainable)
        self.target_token_idx = 0

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim: int, projection_dim: int = cfg.projection_dim) -> None:
        super().__init__()
        stages = (nn.Linear(embedding_dim, projection_dim), partial(F.normalize, p=2, dim=-1))
        self.linear, self._normalize = stages

    def forward(self, x: Tensor) -> Tensor:
        return reduce(lambda h, f: f(h), (self.linear, self._normalize), x)


class CLIPModel(nn.Module):
    def __init__(self, temperature: float = cfg.temperature, image_embedding: int = cfg.image_embedding,
                 text_embedding: int = cfg.text_embedding) -> None:
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    @staticmethod
    def _diagonal_nll(logits: Tensor) -> Tensor:
        """Negative log-probability of the matching pair, one number per row."""
        return -logits.log_softmax(dim=-1).diagonal()

    def forward(self, batch: Dict[str, Tensor]) -> Tensor:
        image_embeddings = self.image_projection(self.image_encoder(batch["image"]))
        text_embeddings = self.text_projection(
            self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        logits = image_embeddings.matmul(text_embeddings.t()).div(self.temperature)
        loss = torch.stack([self._diagonal_nll(logits), self._diagonal_nll(logits.t())]).mean(dim=0)
        return loss.mean()


# %%
to_device = lambda batch: {k: v.to(device) for k, v in batch.items() if isinstance(v, Tensor)}


def train_epoch(model: CLIPModel, loader: DataLoader, optimizer: optim.Optimizer) -> float:
    model.train()
    losses: List[float] = []
    for batch in tqdm_notebook(loader):
        loss = model(to_device(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return float(np.mean(losses))


@torch.no_grad()
def valid_epoch(model: CLIPModel, loader: DataLoader) -> float:
    model.eval()
    return float(np.mean([model(to_device(b)).item() for b in tqdm_notebook(loader)]))


def main() -> CLIPModel:
    train_df, valid_df = make_train_valid_dfs()
    tokenizer = AutoTokenizer.from_pretrained(cfg.text_tokenizer)
    train_loader, valid_loader = (build_loaders(d, tokenizer, m) for d, m in ((train_df, "train"), (valid_df, "valid")))
    model = CLIPModel().to(device)
    optimizer = optim.AdamW([
        dict(params=model.image_encoder.parameters(), lr=cfg.image_encoder_lr),
        dict(params=[*model.image_projection.parameters(), *model.text_projection.parameters()], lr=cfg.head_lr, weight_decay=cfg.weight_decay),
    ])
    best = np.inf
    for epoch in range(cfg.epochs):
        train_loss, valid_loss = train_epoch(model, train_loader, optimizer), valid_epoch(model, valid_loader)
        print(f"{epoch=} {train_loss=:.4f} {valid_loss=:.4f}")
        if valid_loss < best:
            best = valid_loss
            torch.save(model.state_dict(), "best.pt")
    return model


if __name__ == "__main__":
    main()


# %%
@torch.no_grad()
def get_image_embeddings(df: pd.DataFrame, model_path: str) -> Tuple[CLIPModel, Tensor]:
    loader = build_loaders(df, AutoTokenizer.from_pretrained(cfg.text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    return model, torch.cat([model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm_notebook(loader)])


def retrieve_images(model: CLIPModel, image_embeddings: Tensor, query: str, image_filenames: np.ndarray, k: int = 9) -> List[str]:
    tokenizer = AutoTokenizer.from_pretrained(cfg.text_tokenizer)
    tokens = {name: torch.tensor(v).to(device) for name, v in tokenizer([query]).items()}
    with torch.no_grad():
        query_embedding = model.text_projection(
            model.text_encoder(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]))
    scores = (image_embeddings @ query_embedding.T).squeeze(-1)
    order = scores.sort(descending=True).indices[:k]
    matches: List[str] = [image_filenames[i] for i in order.tolist()]
    fig, axes = plt.subplots(3, 3, figsize=(10, 10))
    fig.suptitle(query)
    for name, ax in zip(matches, axes.flat):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{cfg.image_path}/{name}"), cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()
    return matches


_, valid_df = make_train_valid_dfs()
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
for query in ("a dog on the beach", "a man riding a bike", "two girls smiling"):
    retrieve_images(model, image_embeddings, query, valid_df["image"].values)

# %%
clip_cls, _ = train_classifier(model.image_encoder, linear(cfg.image_embedding), loaders["train"], supervised=False)
results["CLIP"] = test(model.image_encoder, clip_cls, loaders["test"])

# %% [markdown]
# ## Report
# - Method I: **0.309**
# - Method II: **0.437**
# - Method III: **0.249**
# - CLIP probe: **0.807**

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
