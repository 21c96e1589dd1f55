# %%
import numpy as np
import matplotlib.pyplot as plt
import torch
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, random_split
from torchvision import datasets, transforms
from torchvision.utils import make_grid
from tqdm import tqdm_notebook

if torch.cuda.is_available():
    print("Using GPU:", torch.cuda.get_device_name(0))
    device = "cuda"
else:
    print("Warning: no GPU! Runtime > Change runtime type")
    device = "cpu"

# %% [markdown]
# ## Problem 7.1: Autoencoders
# ### Step 0: data

# %%
batch_size = 128
transform_unlabeled = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
transform_labeled = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])

stl_unlabeled = datasets.STL10(root="./data", split="unlabeled", transform=transform_unlabeled, download=True)
stl_train = datasets.STL10(root="./data", split="train", transform=transform_labeled, download=True)
stl_test = datasets.STL10(root="./data", split="test", transform=transform_labeled, download=True)
# only 10,000 of the unlabeled images, otherwise training is too slow
stl_unlabeled, _ = random_split(stl_unlabeled, [10000, 90000])

unlabeled_loader = DataLoader(stl_unlabeled, batch_size=batch_size, shuffle=True, num_workers=2, pin_memory=True)
train_loader = DataLoader(stl_train, batch_size=batch_size, shuffle=True, num_workers=2, pin_memory=True)
test_loader = DataLoader(stl_test, batch_size=batch_size, shuffle=False, num_workers=2)
print(len(stl_unlabeled), len(stl_train), len(stl_test))


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
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.decoder = nn.Sequential(
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
        return self.decoder(x)


# %%
# Autoencoder (given)
class Autoencoder(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z)


# %%
def visualize_recon(model, dataloader):
    """Shows eight images and their reconstructions."""
    images, _ = next(iter(dataloader))
    images = images[:8]
    with torch.no_grad():
        recon = model(images.to(device)).cpu()
    plt.figure(figsize=(16, 4))
    plt.imshow(make_grid(torch.cat([images, recon]), nrow=8).permute(1, 2, 0).clamp(0, 1))
    plt.axis("off")
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
model = Autoencoder(Encoder(), Decoder()).to(device)
ae, ae_loss = train_ae(model, unlabeled_loader, epochs=100)
plt.plot(ae_loss)
plt.title("Autoencoder loss")
plt.show()

# %%
visualize_recon(ae, train_loader)

# %%
feat_dim = 24*4*4

@torch.no_grad()
def test(encoder, cls, dataloader):
    cls.eval(); encoder.eval()
    hits = n = 0
    for x, y in dataloader:
        x = x.to(device)
        out = cls(encoder(x).view(len(x), -1)).cpu()
        hits += int((out.argmax(1) == y).sum())
        n += len(y)
    acc = hits / n
    print(f"Accuracy on the test set: {acc:.3f}")
    return acc


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


# %% [markdown]
# ### Method I: unsupervised pretraining + linear classifier

# %%
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, loss_I = train_classifier(ae.encoder, cls, train_loader, epochs=100, supervised=False)
test(ae.encoder, cls, test_loader)

# %% [markdown]
# ### Method II: everything supervised

# %%
encoder_sup = Encoder().to(device)
cls_sup = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls_sup, loss_II = train_classifier(encoder_sup, cls_sup, train_loader, epochs=100, supervised=True)
test(encoder_sup, cls_sup, test_loader)

# %% [markdown]
# ### Method III: random features

# %%
encoder_rand = Encoder().to(device)
cls_rand = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls_rand, loss_III = train_classifier(encoder_rand, cls_rand, train_loader, epochs=100, supervised=False)
test(encoder_rand, cls_rand, test_loader)

# %% [markdown]
# ## Problem 7.2: CLIP

# %%
# !pip install -q transformers
# !pip install -q albumentations
# !gdown --id 1Ab9kFlickr8kPS7 -O flickr8k.zip && unzip -qo flickr8k.zip

# %%
import os
import cv2
import albumentations as A
import pandas as pd
from torchvision.models import resnet50
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

# %%
# hyperparameters, don't change
image_path = "/content/Images"
captions_path = "/content"
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
batch_size, epochs, num_workers = 32, 3, 2
head_lr, image_encoder_lr, text_encoder_lr, weight_decay = 1e-3, 1e-4, 1e-5, 1e-3
image_encoder_model, image_embedding = "resnet50", 2048
text_encoder_model, text_tokenizer, text_embedding = "distilbert-base-uncased", "distilbert-base-uncased", 768
max_length, size = 200, 64
projection_dim, temperature = 256, 0.07


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
    return A.Compose([A.Resize(size, size),
                      A.Normalize(max_pixel_value=255.0, p=1.0)])


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
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


# %%
class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(config=DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable
        # we are using the CLS token hidden representation as the sentence's embedding
        self.target_token_idx = 0

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        last_hidden_state = output.last_hidden_state
        return last_hidden_state[:, self.target_token_idx, :]


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
class AvgMeter:
    def __init__(self, name="Metric"):
        self.name, self.sum, self.count, self.avg = name, 0, 0, 0

    def update(self, val, count=1):
        self.count += count
        self.sum += val * count
        self.avg = self.sum / self.count

def train_epoch(model, loader, optimizer):
    loss_meter = AvgMeter()
    bar = tqdm_notebook(loader, total=len(loader))
    for batch in bar:
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_meter.update(loss.item(), batch["image"].size(0))
        bar.set_postfix(train_loss=loss_meter.avg)
    return loss_meter

def valid_epoch(model, loader):
    loss_meter = AvgMeter()
    bar = tqdm_notebook(loader, total=len(loader))
    for batch in bar:
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        loss_meter.update(loss.item(), batch["image"].size(0))
        bar.set_postfix(valid_loss=loss_meter.avg)
    return loss_meter


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
clip_train_loader = build_loaders(train_df, tokenizer, mode="train")
clip_valid_loader = build_loaders(valid_df, tokenizer, mode="valid")

clip = CLIPModel().to(device)
optimizer = torch.optim.AdamW([
    {"params": clip.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": clip.text_encoder.parameters(), "lr": text_encoder_lr},
    {"params": [*clip.image_projection.parameters(), *clip.text_projection.parameters()], "lr": head_lr, "weight_decay": weight_decay},
], weight_decay=0.)

best = float("inf")
for epoch in range(epochs):
    clip.train()
    train_loss = train_epoch(clip, clip_train_loader, optimizer)
    clip.eval()
    with torch.no_grad():
        valid_loss = valid_epoch(clip, clip_valid_loader)
    print(epoch + 1, train_loss.avg, valid_loss.avg)
    if valid_loss.avg < best:
        best = valid_loss.avg
        torch.save(clip.state_dict(), "best.pt")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    with torch.no_grad():
        embeddings = torch.cat([model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm_notebook(loader)])
    return model, embeddings

clip, image_embeddings = get_image_embeddings(valid_df, "best.pt")
print(image_embeddings.shape)


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
# Linear probe: are the CLIP features better than the autoencoder's?
normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
tf = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor(), normalize])
stl_loader_train = DataLoader(datasets.STL10("./data", split="train", transform=tf), batch_size=128, shuffle=True, num_workers=2)
stl_loader_test = DataLoader(datasets.STL10("./data", split="test", transform=tf), batch_size=128, num_workers=2)

linear = nn.Linear(2048, 10).to(device)
clip.eval()
linear, _ = train_classifier(clip.image_encoder, linear, stl_loader_train, epochs=100, supervised=False)
test(clip.image_encoder, linear, stl_loader_test)

# %% [markdown]
# Report
# Method I: 0.320
# Method II: 0.435
# Method III: 0.258
# CLIP: 0.802

# %%
from google.colab import files
# !jupyter nbconvert --to html ps7.ipynb
# !wkhtmltopdf ps7.html ps7.pdf
files.download("ps7.pdf")
