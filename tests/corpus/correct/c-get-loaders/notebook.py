# %%
# Run the command in the cell below to download the packages
# !pip install torchvision tqdm --quiet

# %%
import math
from collections import OrderedDict

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms
from tqdm import tqdm_notebook

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
device

# %% [markdown]
# # 7.1 Autoencoders (5 pts)

# %%
batch_size = 128

def get_loaders(batch_size):
    aug = transforms.Compose([transforms.RandomHorizontalFlip(p=0.5), transforms.RandomCrop((64, 64)), transforms.ToTensor()])
    plain = transforms.Compose([transforms.CenterCrop((64, 64)), transforms.ToTensor()])
    unlabeled = datasets.STL10("data", split="unlabeled", download=True, transform=aug)
    unlabeled = random_split(unlabeled, [10000, len(unlabeled) - 10000], generator=torch.Generator().manual_seed(42))[0]
    train = datasets.STL10("data", split="train", download=True, transform=plain)
    test = datasets.STL10("data", split="test", download=True, transform=plain)
    return (DataLoader(unlabeled, batch_size, shuffle=True, num_workers=2, drop_last=True),
            DataLoader(train, batch_size, shuffle=True, num_workers=2),
            DataLoader(test, batch_size, shuffle=False, num_workers=2))

unlabeled_loader, train_loader, test_loader = get_loaders(batch_size)


# %%
class Encoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4)."""

    def __init__(self, in_channels=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


# %%
class Decoder(nn.Module):
    """(N, 24, 4, 4) -> (N, 3, 64, 64), values in (0, 1)."""

    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(12, out_channels, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.layers(x)


# %%
class Autoencoder(nn.Module):
    """Given. Puts your encoder and decoder together."""
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(3)
        self.decoder = Decoder(3)

    def forward(self, x):
        return self.decoder(self.encoder(x))

def visualize_recon(model, loader):
    x = next(iter(loader))[0][:5].to(device)
    y = model(x).detach()
    _, ax = plt.subplots(2, 5, figsize=(10, 4))
    for col in range(5):
        for row, img in enumerate((x[col], y[col])):
            ax[row][col].imshow(np.clip(img.cpu().numpy().transpose(1, 2, 0), 0, 1))
            ax[row][col].set_axis_off()
    plt.show()

print(sum(p.numel() for p in Encoder().parameters()), "parameters in the encoder")
print(sum(p.numel() for p in Decoder().parameters()), "parameters in the decoder")


# %%
def train_ae(model, dataloader, epochs=200):
    """Trains an autoencoder; returns it and the sum of minibatch losses of every epoch."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.to(device)
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return model, loss_traj


# %%
ae = Autoencoder().to(device)
ae, ae_traj = train_ae(ae, unlabeled_loader, epochs=100)
plt.figure()
plt.plot(range(1, len(ae_traj) + 1), ae_traj)
plt.show()
visualize_recon(ae, unlabeled_loader)
torch.save(ae.state_dict(), "ae.pth")

# %%
feat_dim = 24 * 4 * 4

def test(encoder, cls, dataloader):
    """Given: accuracy of the classifier on the test set."""
    encoder.eval(), cls.eval()
    right = []
    for x, y in dataloader:
        with torch.no_grad():
            outs = cls(encoder(x.to(device)).flatten(1))
        right.append((outs.argmax(-1).cpu() == y).float())
    accuracy = torch.cat(right).mean().item()
    print("The test accuracy is", round(accuracy, 4))
    return accuracy


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """Trains the linear classifier `cls` on the encoder's features, and the encoder with it if `supervised`."""
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    encoder.to(device)
    cls.to(device)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(supervised):
                features = encoder(x)
            outs = cls(features.view(x.shape[0], -1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return cls, loss_traj


# %%
# Method I
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, traj = train_classifier(ae.encoder, linear_cls, train_loader, epochs=100, supervised=False)
plt.plot(traj)
test(ae.encoder, linear_cls, test_loader)

# %%
# Method II
supervised_encoder = Encoder().to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, traj = train_classifier(supervised_encoder, linear_cls, train_loader, 100, supervised=True)
test(supervised_encoder, linear_cls, test_loader)

# %%
# Method III
random_encoder = Encoder().to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, traj = train_classifier(random_encoder, linear_cls, train_loader, epochs=100)
test(random_encoder, linear_cls, test_loader)

# %% [markdown]
# # 7.2 Associating images with language (5 pts)

# %%
from google.colab import drive
drive.mount("/content/drive")
# !unzip -qq "/content/drive/MyDrive/PS7/flickr8k.zip" -d flickr8k

# %%
import cv2
import pandas as pd
import albumentations as A
from torchvision import models
from transformers import DistilBertModel, DistilBertTokenizer

image_path = "flickr8k/Images"
captions_path = "flickr8k"
batch_size = 32
num_workers = 2
epochs = 3
lr_head, lr_image, wd = 1e-3, 1e-4, 1e-3
image_encoder_model = "resnet50"
text_encoder_model = "distilbert-base-uncased"
text_tokenizer = "distilbert-base-uncased"
image_embedding = 2048
text_embedding = 768
max_length = 200
projection_dim = 256
temperature = 0.07


# %%
class CLIPDataset(torch.utils.data.Dataset):
    """Images and the tokens of their captions."""
    def __init__(self, image_filenames, captions, tokenizer):
        self.files, self.captions = image_filenames, list(captions)
        self.tokens = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)
        self.tf = A.Compose([A.Resize(64, 64), A.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))])

    def __len__(self):
        return len(self.captions)

    def __getitem__(self, i):
        img = cv2.cvtColor(cv2.imread(image_path + "/" + self.files[i]), cv2.COLOR_BGR2RGB)
        img = self.tf(image=img)["image"]
        return {
            "image": torch.as_tensor(img).permute(2, 0, 1).float(),
            "input_ids": torch.as_tensor(self.tokens["input_ids"][i]),
            "attention_mask": torch.as_tensor(self.tokens["attention_mask"][i]),
            "caption": self.captions[i],
        }

def make_train_valid_dfs():
    df = pd.read_csv(captions_path + "/captions.csv").drop_duplicates("image")
    ids = np.arange(0, df["id"].max() + 1)
    np.random.seed(42)
    valid = set(np.random.choice(ids, size=int(0.2 * len(ids)), replace=False).tolist())
    is_valid = df["id"].apply(lambda i: i in valid)
    return df[~is_valid].reset_index(drop=True), df[is_valid].reset_index(drop=True)

def build_loaders(df, tokenizer, mode):
    ds = CLIPDataset(df["image"].values, df["caption"].values, tokenizer)
    return DataLoader(ds, batch_size=batch_size, shuffle=mode == "train", num_workers=num_workers, drop_last=True)


# %%
class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = getattr(models, model_name)(weights="IMAGENET1K_V2" if pretrained else None)
        self.model.fc = nn.Identity()
        self.model.requires_grad_(trainable)

    def forward(self, x):
        return self.model(x)

class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        self.model.requires_grad_(trainable)

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0]


# %%
class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.projection(x), dim=-1)


# %%
class CLIPModel(nn.Module):
    """Image and text encoders, a projection head for each, and the loss that pulls pairs together."""

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

        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)

        logits_per_image = image_embeddings @ text_embeddings.T / self.temperature
        targets = torch.arange(len(logits_per_image), device=logits_per_image.device)
        loss_image_to_text = F.cross_entropy(logits_per_image, targets)
        loss_text_to_image = F.cross_entropy(logits_per_image.T, targets)
        loss = (loss_image_to_text + loss_text_to_image) / 2
        return loss.mean()


# %%
def to_device(batch):
    return {k: v.to(device) for k, v in batch.items() if torch.is_tensor(v)}

def train_epoch(model, loader, optimizer):
    model.train()
    losses = []
    for batch in tqdm_notebook(loader):
        optimizer.zero_grad()
        loss = model(to_device(batch))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)

@torch.no_grad()
def valid_epoch(model, loader):
    model.eval()
    return np.mean([model(to_device(batch)).item() for batch in tqdm_notebook(loader)])


# %%
train_df, valid_df = make_train_valid_dfs()
tok = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_loader_clip, valid_loader_clip = build_loaders(train_df, tok, "train"), build_loaders(valid_df, tok, "valid")
clip_net = CLIPModel(temperature, image_embedding, text_embedding).to(device)
heads = list(clip_net.image_projection.parameters()) + list(clip_net.text_projection.parameters())
opt = optim.AdamW([{"params": clip_net.image_encoder.parameters(), "lr": lr_image, "weight_decay": 0.0},
                   {"params": heads, "lr": lr_head, "weight_decay": wd}])
for ep in range(epochs):
    print("epoch", ep, "train", train_epoch(clip_net, train_loader_clip, opt), "valid", valid_epoch(clip_net, valid_loader_clip))
torch.save(clip_net.state_dict(), "best.pt")


# %%
def get_image_embeddings(df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    valid_loader = build_loaders(df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    valid_image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            image_features = model.image_encoder(batch["image"].to(device))
            image_embeddings = model.image_projection(image_features)
            valid_image_embeddings.append(image_embeddings)
    return model, torch.cat(valid_image_embeddings)

clip, image_embeddings = get_image_embeddings(valid_df, "best.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    """The k files whose images fit the query best, best first; shows the first nine."""
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    tokens = tokenizer([query])
    batch = {name: torch.tensor(values).to(device) for name, values in tokens.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarities = (text_embeddings @ image_embeddings.T).squeeze(0)
    indices = similarities.topk(k).indices
    matches = [image_filenames[index] for index in indices.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, axis in zip(matches, axes.flatten()):
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)
        axis.imshow(image)
        axis.axis("off")
    plt.show()
    return matches


# %%
retrieve_images(clip, image_embeddings, "a dog running on the grass", valid_df["image"].values, k=9)
retrieve_images(clip, image_embeddings, "people on a beach", valid_df["image"].values)
retrieve_images(clip, image_embeddings, "a man on a bicycle", valid_df["image"].values)

# %%
# 7.2 (d): are the CLIP features better than the autoencoder's?
normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
tf = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor(), normalize])
stl_loader_train = DataLoader(datasets.STL10("./data", split="train", transform=tf), batch_size=128, shuffle=True, num_workers=2)
stl_loader_test = DataLoader(datasets.STL10("./data", split="test", transform=tf), batch_size=128, num_workers=2)

linear = nn.Linear(2048, 10).to(device)
clip.eval()
linear, probe_losses = train_classifier(clip.image_encoder, linear, stl_loader_train, epochs=100, supervised=False)
test(clip.image_encoder, linear, stl_loader_test)

# %% [markdown]
# Report
# Method I: 0.320
# Method II: 0.435
# Method III: 0.258
# CLIP: 0.802

# %%
# PDF
# !wget -nc -q https://raw.githubusercontent.com/brpy/colab-pdf/master/colab_pdf.py
from colab_pdf import colab_pdf
colab_pdf("PS7.ipynb")
