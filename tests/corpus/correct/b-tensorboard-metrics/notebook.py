# %% [markdown]
# # Representation learning, with proper logging

# %%
# %load_ext tensorboard
# %matplotlib inline
import time
from collections import defaultdict
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import cv2
import albumentations as A
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.cuda.amp import autocast, GradScaler
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
import torchvision
from torchvision import transforms
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizerFast

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
writer = SummaryWriter("runs/ps7_" + time.strftime("%m%d_%H%M"))
history = defaultdict(list)


def log(tag, value, step):
    history[tag].append((step, float(value)))
    writer.add_scalar(tag, float(value), step)


# %%
# %tensorboard --logdir runs

# %%
train_tf = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
eval_tf = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
unlabeled = torchvision.datasets.STL10("./data", split="unlabeled", transform=train_tf, download=True)
unlabeled, rest = torch.utils.data.random_split(unlabeled, [10000, len(unlabeled) - 10000])
del rest
kw = dict(batch_size=128, num_workers=2, pin_memory=True)
unlabeled_loader = DataLoader(unlabeled, shuffle=True, **kw)
train_loader = DataLoader(torchvision.datasets.STL10("./data", split="train", transform=eval_tf, download=True), shuffle=True, **kw)
test_loader = DataLoader(torchvision.datasets.STL10("./data", split="test", transform=eval_tf, download=True), **kw)


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(12, 24, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(24, 48, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(48, 24, 4, stride=2, padding=1), nn.ReLU(inplace=True))

    def forward(self, x):
        return self.layers(x)


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(24, 48, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(48, 24, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1), nn.ReLU(inplace=True),
            nn.ConvTranspose2d(12, out_channels, 4, stride=2, padding=1), nn.Sigmoid())

    def forward(self, x):
        return self.layers(x)


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def grad_norm(model):
    return sum(p.grad.pow(2).sum() for p in model.parameters() if p.grad is not None).sqrt().item()


def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    step = 0
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()
            x_recon = model(x)
            loss = criterion(x_recon, x)
            loss.backward()
            if step % 50 == 0:
                log("ae/loss", loss.item(), step)
                log("ae/psnr", -10 * np.log10(loss.item()), step)
                log("ae/grad_norm", grad_norm(model), step)
            optimizer.step()
            step += 1
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
        log("ae/loss_epoch", loss_epoch, epoch)
    return model, loss_traj


model = Autoencoder().to(device)
model, loss_traj = train_ae(model, unlabeled_loader, epochs=100)


# %%
def visualize_recon(model, loader):
    x, _ = next(iter(loader))
    with torch.no_grad():
        y = model(x.to(device)).cpu()
    grid = torchvision.utils.make_grid(torch.cat([x[:8], y[:8]]), nrow=8)
    writer.add_image("recon", grid)
    plt.imshow(grid.permute(1, 2, 0)); plt.show()


visualize_recon(model, test_loader)

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj, acc_traj = [], []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch, hits, seen = 0, 0, 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            with torch.set_grad_enabled(supervised):
                feats = encoder(x).view(x.size(0), -1)
            outs = cls(feats)
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                hits += (outs.argmax(1) == y).sum().item()
                seen += len(y)
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
        acc_traj.append(hits / seen)
        log("cls/loss", loss_epoch, epoch); log("cls/train_acc", hits / seen, epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    confusion = torch.zeros(10, 10, dtype=torch.long)
    with torch.no_grad():
        for x, y in dataloader:
            pred = cls(encoder(x.to(device)).view(x.size(0), -1)).argmax(1).cpu()
            for t, p in zip(y, pred):
                confusion[t, p] += 1
    acc = confusion.diag().sum().item() / confusion.sum().item()
    per_class = confusion.diag() / confusion.sum(1).clamp(min=1)
    print("accuracy: %.4f" % acc, "per class:", [round(v, 2) for v in per_class.tolist()])
    return acc


# %%
# Method I
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(model.encoder, cls, train_loader, epochs=100, supervised=False)
log("test/acc", test(model.encoder, cls, test_loader), 1)
# %%
# Method II
enc = Encoder().to(device)
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(enc, cls, train_loader, epochs=100, supervised=True)
log("test/acc", test(enc, cls, test_loader), 2)
# %%
# Method III
enc = Encoder().to(device)
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(enc, cls, train_loader, epochs=100, supervised=False)
log("test/acc", test(enc, cls, test_loader), 3)

# %% [markdown]
# # CLIP

# %%
image_path = "/content/Images"
captions_path = "/content"
batch_size, num_workers, epochs = 32, 2, 3
head_lr, image_encoder_lr, text_encoder_lr, weight_decay = 1e-3, 1e-4, 1e-5, 1e-3
image_encoder_model, image_embedding = "resnet50", 2048
text_encoder_model, text_embedding, text_tokenizer = "distilbert-base-uncased", 768, "distilbert-base-uncased"
max_length, size, temperature, projection_dim = 200, 64, 0.07, 256


class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        item["caption"] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").groupby("id").head(1)
    np.random.seed(42)
    valid_ids = np.random.choice(df["id"].unique(), size=int(0.2 * df["id"].nunique()), replace=False)
    mask = df["id"].isin(valid_ids)
    return df[~mask].reset_index(drop=True), df[mask].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    ds = CLIPDataset(df["image"].values, df["caption"].values, tokenizer=tokenizer, transforms=tf)
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True, pin_memory=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = torchvision.models.resnet50(weights="IMAGENET1K_V1" if pretrained else None)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)
        self.last_norm = None  # mean length before normalising, for the log

    def forward(self, x):
        x = self.projection(x)
        norm = torch.linalg.norm(x, dim=1, keepdim=True)
        self.last_norm = norm.detach().mean()
        return x / norm


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature
        self.metrics = {}

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        # heads and loss in full precision, also under autocast
        with autocast(enabled=False):
            image_embeddings = self.image_projection(image_features.float())
            text_embeddings = self.text_projection(text_features.float())
            logits = image_embeddings @ text_embeddings.T / self.temperature
            n = logits.shape[0]
            labels = torch.arange(n, device=logits.get_device() if logits.is_cuda else "cpu")
            loss_i = F.cross_entropy(logits, labels, reduction="none")
            loss_t = F.cross_entropy(logits.T, labels, reduction="none")
            loss = (loss_i + loss_t) / 2.0

        with torch.no_grad():  # only for the log
            self.metrics = {
                "loss_image": loss_i.mean().item(), "loss_text": loss_t.mean().item(),
                "R@1_image": (logits.argmax(1) == labels).float().mean().item(),
                "R@1_text": (logits.argmax(0) == labels).float().mean().item(),
                "pos_cos": logits.diag().mean().item() * self.temperature,
                "norm_image": self.image_projection.last_norm.item(),
            }
        return loss.mean()


# %%
scaler = GradScaler(enabled=torch.cuda.is_available())


def train_epoch(model, loader, optimizer, epoch):
    model.train()
    losses = []
    bar = tqdm_notebook(loader, total=len(loader))
    for i, batch in enumerate(bar):
        batch = {k: v.to(device, non_blocking=True) for k, v in batch.items() if k != "caption"}
        optimizer.zero_grad()
        with autocast(enabled=torch.cuda.is_available()):
            loss = model(batch)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
        for name, v in model.metrics.items():
            log("clip_train/" + name, v, epoch * len(loader) + i)
        bar.set_postfix(loss=np.mean(losses))
    return np.mean(losses)


def valid_epoch(model, loader):
    model.eval()
    with torch.no_grad():
        return np.mean([model({k: v.to(device) for k, v in b.items() if k != "caption"}).item() for b in tqdm_notebook(loader)])


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizerFast.from_pretrained(text_tokenizer)
clip_train_loader = build_loaders(train_df, tokenizer, "train")
clip_valid_loader = build_loaders(valid_df, tokenizer, "valid")
clip = CLIPModel().to(device)
heads = list(clip.image_projection.parameters()) + list(clip.text_projection.parameters())
optimizer = optim.AdamW([{"params": clip.image_encoder.parameters(), "lr": image_encoder_lr}, {"params": heads, "lr": head_lr, "weight_decay": weight_decay}])
best_loss = float("inf")
for epoch in range(epochs):
    tl = train_epoch(clip, clip_train_loader, optimizer, epoch)
    vl = valid_epoch(clip, clip_valid_loader)
    log("clip/train", tl, epoch); log("clip/valid", vl, epoch)
    if vl < best_loss:
        best_loss = vl
        torch.save({"model": clip.state_dict(), "epoch": epoch, "valid": float(vl)}, "ckpt.pt")
writer.flush()


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizerFast.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device)["model"])
    model.eval()
    with torch.no_grad():
        embs = [model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm_notebook(loader)]
    return model, torch.cat(embs)


clip, image_embeddings = get_image_embeddings(valid_df, "ckpt.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    t0 = time.time()
    tokenizer = DistilBertTokenizerFast.from_pretrained(text_tokenizer)
    batch = {key: torch.tensor(v).to(device) for key, v in tokenizer([query]).items()}
    with torch.no_grad():
        text_embeddings = model.text_projection(model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
    image_embeddings_n = F.normalize(image_embeddings, p=2, dim=-1)
    text_embeddings_n = F.normalize(text_embeddings, p=2, dim=-1)
    dot_similarity = text_embeddings_n @ image_embeddings_n.T
    values, indices = torch.topk(dot_similarity.squeeze(0), k)
    matches = [image_filenames[idx] for idx in indices]
    print(f"{query!r}: {time.time() - t0:.2f} s, similarities", np.round(values.cpu().numpy(), 3))

    fig, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, v, ax in zip(matches, values, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        ax.imshow(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        ax.set_title(f"{v.item():.3f}"); ax.axis("off")
    writer.add_text("query", query)
    plt.show()
    return matches


for q in ("dogs on the grass", "a man in a red shirt", "a boat on a lake"):
    retrieve_images(clip, image_embeddings, q, valid_df["image"].values, k=9)

# %%
cls = nn.Sequential(nn.Linear(2048, 10)).to(device)
cls, _ = train_classifier(clip.image_encoder, cls, train_loader, epochs=100, supervised=False)
log("test/acc", test(clip.image_encoder, cls, test_loader), 4)
pd.DataFrame([(t, s, v) for t, rows in history.items() for s, v in rows], columns=["tag", "step", "value"]).to_csv("history.csv")
writer.close()

# %% [markdown]
# # Report
# `test/acc` of the log: step 1 (Method I) 0.3184, step 2 (Method II) 0.4316, step 3 (Method III) 0.2543, step 4 (CLIP) 0.8031

# %%
# !jupyter nbconvert --to pdf /content/PS7.ipynb --output PS7.pdf
