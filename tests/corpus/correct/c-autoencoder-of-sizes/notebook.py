# %%
# %matplotlib inline
import os
import random
import numpy as np
import matplotlib.pyplot as plt
from tqdm import tqdm_notebook

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, random_split
import torchvision
import torchvision.transforms as transforms

device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
torch.manual_seed(0)

# %% [markdown]
# # Problem 7.1 Representation learning: Autoencoders
# We download STL-10. It has 100,000 unlabeled images, of which we use 10,000.

# %%
batch_size = 128
unlabeled_transform = transforms.Compose([
    transforms.RandomHorizontalFlip(),
    transforms.RandomCrop(64),
    transforms.ToTensor(),
])
labeled_transform = transforms.Compose([
    transforms.CenterCrop(64),
    transforms.ToTensor(),
])

# We use `unlabeled` for the autoencoder and `train`, `test` for the linear classifier
unlabeled_data = torchvision.datasets.STL10("./data", split="unlabeled", download=True, transform=unlabeled_transform)
unlabeled_data, _ = random_split(unlabeled_data, [10000, len(unlabeled_data) - 10000])
train_data = torchvision.datasets.STL10("./data", split="train", download=True, transform=labeled_transform)
test_data = torchvision.datasets.STL10("./data", split="test", download=True, transform=labeled_transform)

unlabeled_loader = DataLoader(unlabeled_data, batch_size=batch_size, shuffle=True, num_workers=2)
train_loader = DataLoader(train_data, batch_size=batch_size, shuffle=True, num_workers=2)
test_loader = DataLoader(test_data, batch_size=batch_size, shuffle=False, num_workers=2)
classes = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


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
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.encoder = nn.Sequential(
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
        return self.encoder(x)


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
    def __init__(self, in_channels=3, feat_dim=64):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder(in_channels=in_channels)
        self.decoder = Decoder(out_channels=in_channels, feat_dim=feat_dim)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def visualize_recon(model, dataloader, n=6):
    model.eval()
    x, _ = next(iter(dataloader))
    with torch.no_grad():
        x_hat = model(x[:n].to(device)).cpu()
    fig, axes = plt.subplots(2, n, figsize=(2 * n, 4))
    for i in range(n):
        axes[0, i].imshow(x[i].permute(1, 2, 0))
        axes[1, i].imshow(x_hat[i].permute(1, 2, 0).clamp(0, 1))
        axes[0, i].axis("off"); axes[1, i].axis("off")
    plt.show()


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
ae = Autoencoder(in_channels=3, feat_dim=64).to(device)
ae, loss_traj = train_ae(ae, unlabeled_loader, epochs=100)
plt.plot([float(l) for l in loss_traj])
plt.xlabel("epoch"); plt.ylabel("loss")
plt.show()
visualize_recon(ae, test_loader)


# %%
def test(encoder, cls, dataloader):
    encoder.eval()
    cls.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            feats = encoder(x).view(x.size(0), -1)
            pred = cls(feats).argmax(dim=1)
            correct += (pred == y).sum().item()
            total += y.size(0)
    print("Test accuracy: %.4f" % (correct / total))
    return correct / total


feat_dim = 24 * 4 * 4


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
# Method I: the pretrained encoder, frozen
print("Method I")
cls1 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls1, traj1 = train_classifier(ae.encoder, cls1, train_loader, epochs=100, supervised=False)
acc1 = test(ae.encoder, cls1, test_loader)

# %%
# Method II: encoder and classifier trained together on the labels
print("Method II")
encoder2 = Encoder(in_channels=3).to(device)
cls2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls2, traj2 = train_classifier(encoder2, cls2, train_loader, epochs=100, supervised=True)
acc2 = test(encoder2, cls2, test_loader)

# %%
# Method III: a random encoder, frozen
print("Method III")
encoder3 = Encoder(in_channels=3).to(device)
cls3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls3, traj3 = train_classifier(encoder3, cls3, train_loader, epochs=100, supervised=False)
acc3 = test(encoder3, cls3, test_loader)

# %% [markdown]
# # Problem 7.2 Associating images with language
# CLIP on Flickr8k.

# %%
# !pip install transformers albumentations
# !wget -q https://web.eecs.umich.edu/~owens/flickr8k.zip
# !unzip -q flickr8k.zip

# %%
import cv2
import pandas as pd
import albumentations as A
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer
from torchvision.models import resnet50, ResNet50_Weights

# %%
image_path = "./Flickr8k/Images"
captions_path = "./Flickr8k"
batch_size = 32
num_workers = 2
image_encoder_lr = 1e-4
text_encoder_lr = 1e-5
head_lr = 1e-3
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
        self.encoded_captions = tokenizer(list(captions), padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = self.transforms(image=image)["image"]
        item["image"] = torch.tensor(image).permute(2, 0, 1).float()
        item["caption"] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def get_transforms(mode="train"):
    return A.Compose([A.Resize(size, size, always_apply=True),
                      A.Normalize(max_pixel_value=255.0, always_apply=True)])


def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv")
    dataframe = dataframe.groupby("image", as_index=False).first()   # the first caption of each image
    max_id = dataframe["id"].max() + 1
    image_ids = np.arange(0, max_id)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    train_ids = [id_ for id_ in image_ids if id_ not in valid_ids]
    train_dataframe = dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True)
    valid_dataframe = dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True)
    return train_dataframe, valid_dataframe


def build_loaders(dataframe, tokenizer, mode):
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values,
                          tokenizer=tokenizer, transforms=get_transforms(mode=mode))
    return DataLoader(dataset, batch_size=batch_size, num_workers=num_workers,
                      shuffle=(mode == "train"), drop_last=True)


# %%
class ImageEncoder(nn.Module):
    """Encode images to a fixed size vector"""
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(weights=ResNet50_Weights.IMAGENET1K_V2 if pretrained else None)
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
        self.target_token_idx = 0   # CLS token

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state[:, self.target_token_idx, :]


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
def train_epoch(model, train_loader, optimizer):
    total, count = 0.0, 0
    tqdm_object = tqdm_notebook(train_loader, total=len(train_loader))
    for batch in tqdm_object:
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        n = batch["image"].size(0)
        total += loss.item() * n
        count += n
        tqdm_object.set_postfix(train_loss=total / count)
    return total / count


def valid_epoch(model, valid_loader):
    total, count = 0.0, 0
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        with torch.no_grad():
            loss = model(batch)
        total += loss.item() * batch["image"].size(0)
        count += batch["image"].size(0)
    return total / count


def main():
    train_df, valid_df = make_train_valid_dfs()
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    train_loader = build_loaders(train_df, tokenizer, mode="train")
    valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    params = [
        {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
        {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()),
         "lr": head_lr, "weight_decay": weight_decay},
    ]
    optimizer = torch.optim.AdamW(params, weight_decay=0.)
    best_loss = float("inf")
    for epoch in range(epochs):
        print(f"Epoch: {epoch + 1}")
        model.train()
        train_loss = train_epoch(model, train_loader, optimizer)
        model.eval()
        valid_loss = valid_epoch(model, valid_loader)
        print("train", train_loss, "valid", valid_loss)
        if valid_loss < best_loss:
            best_loss = valid_loss
            torch.save(model.state_dict(), "best.pt")
            print("Saved Best Model!")

main()


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
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

_, valid_df = make_train_valid_dfs()
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
retrieve_images(clip, image_embeddings, "two children playing", valid_df["image"].values, k=9)
retrieve_images(clip, image_embeddings, "dogs in the snow", valid_df["image"].values)

# %% [markdown]
# ## Linear probe of the image encoder on STL-10

# %%
probe_transform = transforms.Compose([
    transforms.Resize(64), transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])
probe_train = DataLoader(torchvision.datasets.STL10("./data", split="train", transform=probe_transform), batch_size=128, shuffle=True)
probe_test = DataLoader(torchvision.datasets.STL10("./data", split="test", transform=probe_transform), batch_size=128)
clip.eval()
probe = nn.Sequential(nn.Linear(2048, 10)).to(device)
probe, probe_traj = train_classifier(clip.image_encoder, probe, probe_train, epochs=100, supervised=False)
clip_acc = test(clip.image_encoder, probe, probe_test)

# %% [markdown]
# Report
# Method I: 0.320
# Method II: 0.435
# Method III: 0.258
# CLIP: 0.802

# %%
# Convert to PDF
# !apt-get install -qq texlive-xetex texlive-fonts-recommended texlive-plain-generic
# !jupyter nbconvert --to pdf /content/PS7.ipynb
