# %% [markdown]
# # PS7
# ## Setup

# %%
# !pip install transformers albumentations > /dev/null
from google.colab import drive
drive.mount("/content/drive")

# %%
import os, sys, math, time
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import cv2
import albumentations as A

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import transforms, models
from torchvision.models import resnet50
from tqdm import tqdm_notebook
import transformers
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

print("torch", torch.__version__, "| cuda", torch.version.cuda, "| transformers", transformers.__version__)
device = torch.device("cuda:0")

# %% [markdown]
# ## 7.1

# %%
DATA = "/content/drive/MyDrive/eecs504/data"
t_unl = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
t_lab = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
stl_unl = torchvision.datasets.STL10(DATA, split="unlabeled", transform=t_unl, download=True)
stl_unl, rest = torch.utils.data.random_split(stl_unl, (10000, 90000))
stl_tr = torchvision.datasets.STL10(DATA, split="train", transform=t_lab, download=True)
stl_te = torchvision.datasets.STL10(DATA, split="test", transform=t_lab, download=True)
unl_loader = torch.utils.data.DataLoader(stl_unl, batch_size=128, shuffle=True, num_workers=2)
tr_loader = torch.utils.data.DataLoader(stl_tr, batch_size=128, shuffle=True, num_workers=2)
te_loader = torch.utils.data.DataLoader(stl_te, batch_size=128, shuffle=False, num_workers=2)

# %%
# where is a tensor / a module?
def where(thing):
    if isinstance(thing, nn.Module):
        return next(thing.parameters()).device
    return thing.device


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(in_channels, 12, 4, 2, 1), nn.ReLU(0.2))
        self.layer2 = nn.Sequential(nn.Conv2d(12, 24, 4, 2, 1), nn.ReLU(0.2))
        self.layer3 = nn.Sequential(nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU(0.2))
        self.layer4 = nn.Sequential(nn.Conv2d(48, 24, 4, 2, 1), nn.ReLU(0.2))

    def forward(self, x):
        out = self.layer1(x)
        out = self.layer2(out)
        out = self.layer3(out)
        out = self.layer4(out)
        return out


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.layer1 = nn.Sequential(nn.ConvTranspose2d(24, 48, 4, 2, 1), nn.ReLU(0.2))
        self.layer2 = nn.Sequential(nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ReLU(0.2))
        self.layer3 = nn.Sequential(nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ReLU(0.2))
        self.layer4 = nn.Sequential(nn.ConvTranspose2d(12, out_channels, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z)


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.to("cuda:0")
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for inputs, _ in dataloader:
            if not inputs.is_cuda:
                inputs = inputs.to("cuda:0")
            optimizer.zero_grad()
            outputs = model(inputs)
            loss = criterion(outputs, inputs)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model, dataloader):
    imgs, _ = next(iter(dataloader))
    recs = model(imgs.to(where(model))).detach().cpu()
    f, axs = plt.subplots(2, 6, figsize=(12, 4))
    for j in range(6):
        axs[0][j].imshow(imgs[j].permute(1, 2, 0)); axs[0][j].axis("off")
        axs[1][j].imshow(recs[j].permute(1, 2, 0)); axs[1][j].axis("off")
    plt.show()


# %%
AE = Autoencoder()
AE, traj = train_ae(AE, unl_loader, epochs=100)
torch.save(AE.state_dict(), "/content/drive/MyDrive/eecs504/ae.pth")
plt.plot(traj); plt.show()
visualize_recon(AE, te_loader)

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to("cuda:0")
    cls.to("cuda:0")
    optimizer = torch.optim.Adam(cls.parameters(), lr=0.001, weight_decay=0.0001)
    if supervised == True:
        optimizer = torch.optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=0.001, weight_decay=0.0001)
        encoder.train()
    else:
        encoder.eval()
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for inputs, targets in dataloader:
            dev = next(cls.parameters()).device
            inputs, targets = inputs.to(dev), targets.to(dev)
            N = inputs.shape[0]
            if supervised == True:
                feats = encoder(inputs)
            else:
                feats = encoder(inputs).detach()
            outs = cls(feats.reshape(N, -1))
            loss = criterion(outs, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    cls.eval()
    correct = 0.0
    for inputs, targets in dataloader:
        with torch.no_grad():
            outs = cls(encoder(inputs.to(device)).reshape(inputs.shape[0], -1))
        correct += (outs.argmax(1).cpu() == targets).float().sum()
    print("Test acc:", (correct / len(dataloader.dataset)).item())


# %%
print("Method I")
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, t1 = train_classifier(AE.encoder, clf, tr_loader, epochs=100, supervised=False)
test(AE.encoder, clf, te_loader)

# %%
print("Method II")
enc = Encoder()
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, t2 = train_classifier(enc, clf, tr_loader, epochs=100, supervised=True)
test(enc, clf, te_loader)

# %%
print("Method III")
enc = Encoder()
clf = nn.Sequential(nn.Linear(feat_dim, 10))
clf, t3 = train_classifier(enc, clf, tr_loader, epochs=100, supervised=False)
test(enc, clf, te_loader)

# %%
plt.plot(t1, label="I"); plt.plot(t2, label="II"); plt.plot(t3, label="III"); plt.legend(); plt.show()

# %% [markdown]
# ## 7.2

# %%
# !cp /content/drive/MyDrive/eecs504/flickr8k.zip . && unzip -q -o flickr8k.zip
image_path = "/content/Images"
captions_path = "/content"
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
weight_decay = 1e-3
epochs = 3
image_encoder_model = 'resnet50'
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
temperature = 0.07
size = 64
projection_dim = 256


class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(list(captions), padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = self.transforms(image=image)['image']
        item['image'] = torch.tensor(image).permute(2, 0, 1).float()
        item['caption'] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = models.resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        if pretrained:
            self.model = DistilBertModel.from_pretrained(model_name)
        else:
            self.model = DistilBertModel(config=DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable
        self.target_token_idx = 0

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super(ProjectionHead, self).__init__()
        self.W = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        if next(self.parameters()).is_cuda and not x.is_cuda:
            x = x.cuda()
        x = self.W(x)
        length = torch.norm(x, p=2, dim=1).unsqueeze(1)
        return torch.div(x, length)


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super(CLIPModel, self).__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature
        self.ce = nn.CrossEntropyLoss(reduction="none")

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])

        image_vec = self.image_projection(image_features)
        text_vec = self.text_projection(text_features)

        # N x N, row = image, column = text
        n = image_vec.size(0)
        scores = torch.mm(image_vec, text_vec.t()) / self.temperature
        target = torch.arange(n, device=scores.get_device())
        loss = (self.ce(scores, target) + self.ce(scores.t(), target)) / 2
        return loss.mean()


# %%
def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv")
    df = df.groupby("image").head(1).reset_index(drop=True)
    image_ids = np.arange(0, df["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    valid = df["id"].isin(valid_ids)
    return df[~valid].reset_index(drop=True), df[valid].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    tfm = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=tfm)
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True)


def train_epoch(model, loader, optimizer):
    running = 0.0
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    return running / len(loader)


def valid_epoch(model, loader):
    running = 0.0
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        running += model(batch).item()
    return running / len(loader)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_pairs = build_loaders(train_df, tokenizer, "train")
valid_pairs = build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to("cuda:0")
print("model lives on", where(model))
optimizer = torch.optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay},
])
best_loss = math.inf
for epoch in range(epochs):
    model.train()
    a = train_epoch(model, train_pairs, optimizer)
    model.eval()
    with torch.no_grad():
        b = valid_epoch(model, valid_pairs)
    print("epoch", epoch, "train", a, "valid", b)
    if b < best_loss:
        best_loss = b
        torch.save(model.state_dict(), "/content/drive/MyDrive/eecs504/best.pt")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to("cuda:0")
    model.load_state_dict(torch.load(model_path, map_location="cuda:0"))
    model.eval()
    embs = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            embs.append(model.image_projection(model.image_encoder(batch["image"].to("cuda:0"))))
    return model, torch.cat(embs)


model, image_embeddings = get_image_embeddings(valid_df, "/content/drive/MyDrive/eecs504/best.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    dev = next(model.parameters()).device
    batch = {key: torch.tensor(values).to(dev) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    image_embeddings_n = F.normalize(image_embeddings, p=2, dim=-1)
    text_embeddings_n = F.normalize(text_embeddings, p=2, dim=-1)
    sim = torch.mm(text_embeddings_n, image_embeddings_n.t())[0]
    sim = sim.cpu().numpy() if sim.is_cuda else sim.numpy()
    order = np.argsort(sim)[::-1]
    matches = image_filenames[order[:k]]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df["image"].values, k=9)
retrieve_images(model, image_embeddings, query="snowboarder in the air", image_filenames=valid_df["image"].values, k=9)

# %%
print("CLIP encoder, linear probe")
clf = nn.Sequential(nn.Linear(2048, 10))
clf, t4 = train_classifier(model.image_encoder, clf, tr_loader, epochs=100, supervised=False)
test(model.image_encoder, clf, te_loader)

# %% [markdown]
# # Report
# **I** 0.3171 **II** 0.4334 **III** 0.2460 **CLIP** 0.7994

# %%
# !cp "/content/drive/MyDrive/Colab Notebooks/PS7.ipynb" ./
# !jupyter nbconvert --to pdf PS7.ipynb
