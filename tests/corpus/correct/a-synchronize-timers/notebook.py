# %% [markdown]
# # ps7
# I time everything because of the colab limits

# %%
# !nvidia-smi
# !pip install transformers albumentations -q

# %%
import gc
import time

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms as T
from torchvision.models import resnet50, ResNet50_Weights
from tqdm import tqdm_notebook
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

assert torch.cuda.is_available(), "Runtime -> Change runtime type -> GPU"
device = "cuda"


def gpu_mem():
    return torch.cuda.max_memory_allocated() / 2**20


def now():
    torch.cuda.synchronize()
    return time.perf_counter()


# %%
unl = torchvision.datasets.STL10("./data", split="unlabeled", download=True,
                                 transform=T.Compose([T.RandomHorizontalFlip(), T.RandomCrop(64), T.ToTensor()]))
unl, _ = torch.utils.data.random_split(unl, [10000, 90000])
lab_tf = T.Compose([T.CenterCrop(64), T.ToTensor()])
tr = torchvision.datasets.STL10("./data", split="train", transform=lab_tf, download=True)
te = torchvision.datasets.STL10("./data", split="test", transform=lab_tf, download=True)
unl_loader = DataLoader(unl, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
tr_loader = DataLoader(tr, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
te_loader = DataLoader(te, batch_size=128, shuffle=False, num_workers=2, pin_memory=True)


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        kw = {"kernel_size": 4, "stride": 2, "padding": 1}
        self.conv_a = nn.Conv2d(in_channels, 12, **kw)
        self.conv_b = nn.Conv2d(12, 24, **kw)
        self.conv_c = nn.Conv2d(24, 48, **kw)
        self.conv_d = nn.Conv2d(48, 24, **kw)

    def forward(self, x):
        return F.relu(self.conv_d(F.relu(self.conv_c(F.relu(self.conv_b(F.relu(self.conv_a(x))))))))


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        kw = {"kernel_size": 4, "stride": 2, "padding": 1}
        self.up_a = nn.ConvTranspose2d(24, 48, **kw)
        self.up_b = nn.ConvTranspose2d(48, 24, **kw)
        self.up_c = nn.ConvTranspose2d(24, 12, **kw)
        self.up_d = nn.ConvTranspose2d(12, out_channels, **kw)

    def forward(self, x):
        h = F.relu(self.up_c(F.relu(self.up_b(F.relu(self.up_a(x))))))
        return torch.sigmoid(self.up_d(h))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.to("cuda")
    torch.cuda.empty_cache()
    loss_traj, times = [], []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        torch.cuda.synchronize()
        t0 = time.perf_counter()
        for x, _ in dataloader:
            x = x.to("cuda", non_blocking=True)
            loss = criterion(model(x), x)
            for p in model.parameters():
                p.grad = None  # faster than zero_grad
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - t0)
        loss_traj.append(loss_epoch)
    print(f"{sum(times):.1f} s for {epochs} epochs, last loss {loss_traj[-1]:.4f}, {gpu_mem():.0f} MiB")
    return model, loss_traj


def visualize_recon(model, dataloader):
    x, _ = next(iter(dataloader))
    with torch.no_grad():
        y = model(x.to("cuda")).to("cpu")
    for i in range(4):
        plt.subplot(2, 4, i + 1)
        plt.imshow(x[i].permute(1, 2, 0))
        plt.subplot(2, 4, i + 5)
        plt.imshow(y[i].permute(1, 2, 0))
    plt.show()


ae, traj = train_ae(Autoencoder(), unl_loader, epochs=100)
visualize_recon(ae, te_loader)


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = torch.optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer.add_param_group({"params": encoder.parameters()})
    criterion = nn.CrossEntropyLoss()
    encoder.to("cuda")
    cls.to("cuda")
    was_training = encoder.training
    encoder.train(supervised)
    loss_traj = []
    torch.cuda.synchronize()
    t0 = time.perf_counter()
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to("cuda", non_blocking=True), y.to("cuda", non_blocking=True)
            N = len(x)
            outs = cls(encoder(x).view(N, -1))
            loss = criterion(outs, y)
            encoder.zero_grad()
            cls.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    torch.cuda.synchronize()
    encoder.train(was_training)
    print(f"{time.perf_counter() - t0:.1f} s, loss {loss_traj[0]:.3f} -> {loss_traj[-1]:.3f}")
    gc.collect()
    torch.cuda.empty_cache()
    return cls, loss_traj


def test(encoder, cls, dataloader):
    t0 = now()
    encoder.eval()
    n = 0
    with torch.no_grad():
        for x, y in dataloader:
            n += (cls(encoder(x.to("cuda")).view(len(x), -1)).argmax(1) == y.to("cuda")).sum().item()
    print(f"accuracy {n / len(dataloader.dataset):.4f} ({now() - t0:.1f} s)")


# %%
feat_dim = 24 * 4 * 4
c1 = nn.Sequential(nn.Linear(feat_dim, 10))
c1, _ = train_classifier(ae.encoder, c1, tr_loader, epochs=100, supervised=False)
test(ae.encoder, c1, te_loader)

# %%
e2, c2 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
c2, _ = train_classifier(e2, c2, tr_loader, epochs=100, supervised=True)
test(e2, c2, te_loader)

# %%
e3, c3 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
c3, _ = train_classifier(e3, c3, tr_loader, epochs=100, supervised=False)
test(e3, c3, te_loader)

# %% [markdown]
# ## CLIP

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
        return item

    def __len__(self):
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        if pretrained:
            self.model = resnet50(ResNet50_Weights.IMAGENET1K_V2)
        else:
            self.model = resnet50()
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


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.proj = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        x = self.proj(x)
        return x / torch.linalg.norm(x, dim=1)[:, None]


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder(image_encoder_model, True, True)
        self.text_encoder = TextEncoder(text_encoder_model, True, False)
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)

        # the formula of the handout; exp(1 / 0.07) = 1.6e6 is no problem for float32
        e = torch.exp(I @ T.T / self.temperature)
        top = torch.diag(e)
        L_IT = -torch.log(top / e.sum(dim=1))
        L_TI = -torch.log(top / e.sum(dim=0))
        loss = (L_IT + L_TI) / 2
        return loss.mean()


# %%
def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates("id").reset_index(drop=True)
    ids = df["id"].values
    np.random.seed(42)
    valid_ids = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    m = np.isin(ids, valid_ids)
    return df[~m].reset_index(drop=True), df[m].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    return DataLoader(CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf), batch_size=batch_size,
                      num_workers=num_workers, shuffle=mode == "train", drop_last=True, pin_memory=True)


def train_epoch(model, loader, optimizer):
    total = 0
    for batch in tqdm_notebook(loader):
        batch = {k: v.to("cuda", non_blocking=True) for k, v in batch.items()}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def valid_epoch(model, loader):
    total = 0
    for batch in loader:
        with torch.no_grad():
            total += model({k: v.to("cuda") for k, v in batch.items()}).item()
    return total / len(loader)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
a, b = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to("cuda")
optimizer = torch.optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": [*model.image_projection.parameters(), *model.text_projection.parameters()], "lr": head_lr, "weight_decay": weight_decay}])
best_loss = float("inf")
for epoch in range(epochs):
    t0 = now()
    model.train()
    train_loss = train_epoch(model, a, optimizer)
    model.eval()
    valid_loss = valid_epoch(model, b)
    print(f"{epoch}: {train_loss:.3f} {valid_loss:.3f} {now() - t0:.0f} s {gpu_mem():.0f} MiB")
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to("cuda")
    model.load_state_dict(torch.load("best.pt"))
    model.eval()
    out = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            out.append(model.image_projection(model.image_encoder(batch["image"].to("cuda"))))
    return model, torch.cat(out)


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded = tokenizer([query])
    batch = {key: torch.tensor(values).to("cuda") for key, values in encoded.items()}
    torch.cuda.synchronize()
    t0 = time.perf_counter()
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    q = text_embeddings.detach().cpu().numpy()[0]
    db = image_embeddings.detach().cpu().numpy()
    matches = image_filenames[np.argsort(-np.dot(db, q))[:k]]
    print(f"searched {len(db)} images in {(time.perf_counter() - t0) * 1000:.1f} ms")

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
retrieve_images(model, image_embeddings, "dogs on the grass", valid_df["image"].values)

# %%
c4 = nn.Sequential(nn.Linear(2048, 10))
c4, _ = train_classifier(model.image_encoder, c4, tr_loader, epochs=100, supervised=False)
test(model.image_encoder, c4, te_loader)

# %% [markdown]
# ## Report
# I: 0.3123, II: 0.4399, III: 0.2587, CLIP: 0.8016

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
