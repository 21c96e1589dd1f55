# %% [markdown]
# # PS7: Representation Learning
# Object-oriented version.

# %%
# !pip install transformers==4.31.0 albumentations==1.3.1

# %%
from abc import ABC, abstractmethod
import cv2
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as transforms
import albumentations as A
import matplotlib.pyplot as plt
from torch.utils.data import DataLoader
from tqdm import tqdm_notebook
from transformers import AutoTokenizer, DistilBertModel

assert torch.cuda.is_available() or True
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


# %%
class STLData:
    crop = transforms.CenterCrop(64)
    flip = None

    def __init__(self, split, shuffle):
        steps = [t for t in (self.flip, self.crop) if t is not None] + [transforms.ToTensor()]
        self.set = torchvision.datasets.STL10("./stl10", split=split, transform=transforms.Compose(steps), download=True)
        self.shuffle = shuffle

    def loader(self, n=None):
        data = self.set if n is None else torch.utils.data.random_split(self.set, [n, len(self.set) - n])[0]
        return DataLoader(data, batch_size=128, shuffle=self.shuffle, num_workers=2)


class UnlabeledSTLData(STLData):
    crop = transforms.RandomCrop(64)
    flip = transforms.RandomHorizontalFlip()


unlabeled_loader = UnlabeledSTLData("unlabeled", True).loader(10000)
train_loader = STLData("train", True).loader()
test_loader = STLData("test", False).loader()


# %%
class Stack(nn.Module):
    """Four layers 4x4 / stride 2 / padding 1, with an activation after every one."""
    layer = None
    inner = nn.ReLU
    last = nn.ReLU

    def __init__(self, *channels):
        super().__init__()
        n = len(channels) - 1
        for i in range(n):
            self.add_module("layer%d" % i, self.layer(channels[i], channels[i + 1], 4, stride=2, padding=1))
            self.add_module("act%d" % i, (self.last if i == n - 1 else self.inner)())

    def forward(self, x):
        for child in self.children():
            x = child(x)
        return x


class Encoder(Stack):
    layer = nn.Conv2d

    def __init__(self, in_channels=3):
        super().__init__(in_channels, 12, 24, 48, 24)


class Decoder(Stack):
    layer = nn.ConvTranspose2d
    last = nn.Sigmoid

    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__(24, 48, 24, 12, out_channels)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


print(Autoencoder())


# %%
class Trainer:
    """One optimizer, one trajectory."""

    def __init__(self, modules, **kw):
        self.optimizer = optim.Adam([p for m in modules for p in m.parameters()], **kw)
        self.loss_traj = []

    def begin_epoch(self):
        self.total = 0.0

    def update(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.total += loss.item()

    def end_epoch(self):
        self.loss_traj.append(self.total)


def train_ae(model, dataloader, epochs=200):
    model.to(device).train()
    trainer = Trainer([model], lr=1e-3)
    criterion = nn.MSELoss()
    for epoch in tqdm_notebook(range(epochs)):
        trainer.begin_epoch()
        for x, _ in dataloader:
            x = x.to(device)
            loss = criterion(model(x), x)
            trainer.update(loss)
        trainer.end_epoch()
    return model, trainer.loss_traj


autoencoder, loss_traj = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
torch.save(autoencoder.state_dict(), "autoencoder.pt")


# %%
def visualize_recon(model, dataloader):
    x = next(iter(dataloader))[0][:8]
    y = model(x.to(device)).detach().cpu()
    plt.figure(figsize=(16, 4))
    plt.imshow(torchvision.utils.make_grid(torch.cat([x, y]), nrow=8).permute(1, 2, 0))
    plt.show()


autoencoder.load_state_dict(torch.load("autoencoder.pt"))
visualize_recon(autoencoder, test_loader)

# %%
feat_dim = 24 * 4 * 4


class Features:
    """Trainable features of an encoder."""

    def __init__(self, encoder):
        self.encoder = encoder

    def __call__(self, x):
        return self.encoder(x).view(x.shape[0], -1)


class FrozenFeatures(Features):
    def __call__(self, x):
        with torch.no_grad():
            return super().__call__(x)


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to(device)
    cls.to(device)
    trainer = Trainer([cls, encoder] if supervised else [cls], lr=0.001, weight_decay=1e-4)
    features = Features(encoder) if supervised else FrozenFeatures(encoder)
    criterion = nn.CrossEntropyLoss()
    for epoch in tqdm_notebook(range(epochs)):
        trainer.begin_epoch()
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(features(x))
            loss = criterion(outs, y)
            trainer.update(loss)
        trainer.end_epoch()
    return cls, trainer.loss_traj


def test(encoder, cls, dataloader):
    features = FrozenFeatures(encoder)
    correct = sum((cls(features(x.to(device))).argmax(1).cpu() == y).sum().item() for x, y in dataloader)
    print("Accuracy: %.3f" % (correct / len(dataloader.dataset)))


# %%
class Method(ABC):
    name = None
    supervised = False

    @abstractmethod
    def make_encoder(self):
        ...

    def run(self, dim=feat_dim):
        encoder = self.make_encoder()
        cls = nn.Sequential(nn.Linear(dim, 10))
        cls, traj = train_classifier(encoder, cls, train_loader, epochs=100, supervised=self.supervised)
        print(self.name, end=": ")
        test(encoder, cls, test_loader)
        return cls, traj


class MethodI(Method):
    name = "Method I"

    def make_encoder(self):
        return autoencoder.encoder


class MethodII(Method):
    name = "Method II"
    supervised = True

    def make_encoder(self):
        return Encoder()


class MethodIII(MethodII):
    name = "Method III"
    supervised = False


# %%
# Method I
cls1, _ = MethodI().run()
# %%
# Method II
cls2, _ = MethodII().run()
# %%
# Method III
cls3, _ = MethodIII().run()

# %% [markdown]
# # CLIP

# %%
image_path = "/content/flickr8k/Images"
captions_path = "/content/flickr8k"
batch_size, num_workers, epochs, max_length, size = 32, 2, 3, 200, 64
image_encoder_lr, head_lr, weight_decay = 1e-4, 1e-3, 1e-3
image_encoder_model, text_encoder_model, text_tokenizer = "resnet50", "distilbert-base-uncased", "distilbert-base-uncased"
image_embedding, text_embedding, projection_dim, temperature = 2048, 768, 256, 0.07


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


def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").groupby("id", as_index=False).first()
    np.random.seed(42)
    valid_ids = np.random.choice(df["id"].values, size=int(0.2 * len(df)), replace=False)
    return df[~df["id"].isin(valid_ids)].reset_index(drop=True), df[df["id"].isin(valid_ids)].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    ds = CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf)
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True)


class Backbone(nn.Module):
    def set_trainable(self, trainable):
        for p in self.parameters():
            p.requires_grad = trainable


class ImageEncoder(Backbone):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        weights = torchvision.models.ResNet50_Weights.IMAGENET1K_V2 if pretrained else None
        self.model = torchvision.models.resnet50(weights=weights)
        self.model.fc = nn.Identity()
        self.set_trainable(trainable)

    def forward(self, x):
        return self.model(x)


class TextEncoder(Backbone):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        self.set_trainable(trainable)

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


# %%
class UnitNorm:
    """Mixin: whatever the next class in the MRO gives is put on the unit sphere."""

    def forward(self, x):
        x = super().forward(x)
        return x.div(torch.norm(x, p=2, dim=1, keepdim=True))


class LinearHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return self.projection(x)


class ProjectionHead(UnitNorm, LinearHead):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__(embedding_dim, projection_dim)


class DualEncoder(nn.Module, ABC):
    @abstractmethod
    def embed(self, batch):
        ...

    @abstractmethod
    def pair_loss(self, image_embeddings, text_embeddings):
        ...

    def forward(self, batch):
        loss = self.pair_loss(*self.embed(batch))
        return loss.mean()


class CLIPModel(DualEncoder):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder(trainable=True)
        self.text_encoder = TextEncoder(trainable=False)
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def embed(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return self.image_projection(image_features), self.text_projection(text_features)

    def pair_loss(self, image_embeddings, text_embeddings):
        logits = torch.matmul(image_embeddings, text_embeddings.T) / self.temperature
        n = torch.arange(logits.shape[0], device=logits.get_device())
        loss_image = F.cross_entropy(logits, n, reduction="none")
        loss_text = F.cross_entropy(logits.T, n, reduction="none")
        return 0.5 * loss_image + 0.5 * loss_text


# %%
class Epoch:
    def __init__(self, model, loader):
        self.model, self.loader = model, loader

    def batches(self):
        for batch in tqdm_notebook(self.loader, total=len(self.loader)):
            yield {k: v.to(device) for k, v in batch.items() if k != "caption"}

    def run(self):
        return float(np.mean([self.one(b) for b in self.batches()]))


class TrainEpoch(Epoch):
    def __init__(self, model, loader, optimizer, scaler):
        super().__init__(model.train(), loader)
        self.optimizer, self.scaler = optimizer, scaler

    def one(self, batch):
        self.optimizer.zero_grad()
        with torch.cuda.amp.autocast():
            loss = self.model(batch)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()


class ValidEpoch(Epoch):
    @torch.no_grad()
    def one(self, batch):
        return self.model(batch).item()


train_df, valid_df = make_train_valid_dfs()
tokenizer = AutoTokenizer.from_pretrained(text_tokenizer)
loaders = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
scaler = torch.cuda.amp.GradScaler()
optimizer = optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay}])
best = float("inf")
for epoch in range(epochs):
    train_loss = TrainEpoch(model, loaders[0], optimizer, scaler).run()
    valid_loss = ValidEpoch(model.eval(), loaders[1]).run()
    print(f"Epoch {epoch}: train {train_loss:.3f} valid {valid_loss:.3f}")
    if valid_loss < best:
        best = valid_loss
        torch.save(model.state_dict(), "clip.pt")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, AutoTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    with torch.no_grad():
        out = [model.image_projection(model.image_encoder(b["image"].to(device))) for b in loader]
    return model, torch.cat(out)


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = AutoTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)
    # all vectors have length 1, so |I - T|^2 = 2 - 2 I.T: nearest = most similar
    distance = torch.cdist(image_embeddings, text_embeddings).flatten()
    nearest = distance.topk(k, largest=False).indices
    matches = [image_filenames[i] for i in nearest]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        ax.imshow(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()


model, image_embeddings = get_image_embeddings(valid_df, "clip.pt")
for query in ["dogs on the grass", "a snowboarder in the air"]:
    retrieve_images(model, image_embeddings, query, valid_df["image"].values, k=9)


# %%
class MethodCLIP(Method):
    name = "CLIP probe"

    def make_encoder(self):
        return model.image_encoder


cls4, _ = MethodCLIP().run(dim=2048)

# %% [markdown]
# # Report
# 1. Method I — 0.330
# 2. Method II — 0.426
# 3. Method III — 0.253
# 4. CLIP — 0.800

# %%
# !jupyter nbconvert --to pdf /content/drive/MyDrive/PS7_oop.ipynb
