# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# PS7 - Representation learning
# *Tobias Ahlgren*
# I wanted to see how the layers work so I did not use nn.Conv2d

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
def conv_weight(*shape):
    """the default initialization of nn.Conv2d"""
    w = torch.empty(*shape)
    nn.init.kaiming_uniform_(w, a=5 ** 0.5)
    return nn.Parameter(w)

def conv_bias(n, fan_in):
    return nn.Parameter(torch.empty(n).uniform_(-fan_in ** -0.5, fan_in ** -0.5))

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        sizes = [in_channels, 12, 24, 48, 24]
        for i in range(3, -1, -1):
            self.register_parameter(f"b{i}", conv_bias(sizes[i + 1], sizes[i] * 16))
            self.register_parameter(f"w{i}", conv_weight(sizes[i + 1], sizes[i], 4, 4))

    def forward(self, x):
        x = F.relu(F.conv2d(x, self.w0, self.b0, stride=2, padding=1))
        x = F.relu(F.conv2d(x, self.w1, self.b1, stride=2, padding=1))
        x = F.relu(F.conv2d(x, self.w2, self.b2, stride=2, padding=1))
        return F.relu(F.conv2d(x, self.w3, self.b3, stride=2, padding=1))

# %%
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        sizes = [24, 48, 24, 12, out_channels]
        # ParameterLists, from the image back to the code
        self.biases = nn.ParameterList([conv_bias(o, o * 16) for o in sizes[:0:-1]])
        self.weights = nn.ParameterList([conv_weight(i, o, 4, 4) for i, o in zip(sizes[-2::-1], sizes[:0:-1])])

    def forward(self, z):
        for layer in (3, 2, 1, 0):
            z = F.conv_transpose2d(z, self.weights[layer], self.biases[layer], stride=2, padding=1)
            z = torch.sigmoid(z) if layer == 0 else z.clamp(min=0)
        return z

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
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        total = torch.zeros(())
        for i, (x, _) in enumerate(dataloader):
            x = x.to(device)
            x_hat = model(x)
            loss = ((x_hat - x) ** 2).mean()       # = criterion(x_hat, x)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach().cpu()
        loss_traj.append(total.item())
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
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer.add_param_group({"params": list(encoder.parameters())})
    encoder.train() if supervised else encoder.eval()
    cls.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        total = 0.
        for x, y in dataloader:
            x = x.to(device)
            y = y.to(device)
            z = encoder(x).view(x.shape[0], -1)
            z = z if supervised else z.data
            outs = cls(z)
            onehot = torch.eye(outs.shape[1], device=outs.device)[y]
            loss = -(onehot * F.log_softmax(outs, dim=1)).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        loss_traj.append(total)
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
    def __init__(self, embedding_dim, projection_dim=256):
        super().__init__()
        bound = embedding_dim ** -0.5
        self.bias = nn.Parameter(torch.empty(projection_dim).uniform_(-bound, bound))
        self.weight = nn.Parameter(torch.empty(projection_dim, embedding_dim).uniform_(-bound, bound))

    def forward(self, x):
        z = torch.addmm(self.bias, x, self.weight.t())
        return z * z.pow(2).sum(1, keepdim=True).rsqrt()

# %%
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder(image_encoder_model, True, True)
        self.text_encoder = TextEncoder(text_encoder_model, True, False)
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature
        # the original CLIP multiplies by exp(logit_scale); here it is not trained
        self.register_buffer("logit_scale", torch.tensor(1.0 / temperature).log(), persistent=False)

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)

        logits = self.logit_scale.exp() * I @ T.t()
        targets = torch.eye(I.shape[0]).to(logits)
        images_loss = self.soft_cross_entropy(logits, targets)
        texts_loss = self.soft_cross_entropy(logits.t(), targets.t())
        loss = (images_loss + texts_loss) / 2.0
        return loss.mean()

    @staticmethod
    def soft_cross_entropy(preds, targets):
        return (-targets * preds.log_softmax(dim=-1)).sum(1)

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
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {
        key: torch.tensor(values).to(device)
        for key, values in encoded_query.items()
    }
    with torch.no_grad():
        text_embeddings = model.text_projection(
            model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))

    q = text_embeddings.squeeze(0)
    scores = (image_embeddings * q).sum(dim=1)
    values, order = torch.sort(scores, dim=0, descending=True, stable=True)
    matches = np.asarray(image_filenames)[order[:k].tolist()]

    # plot the 3x3 grid
    fig, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    fig.suptitle(query)
    plt.show()
    return matches

# %%
retrieve_images(clip, image_embeddings, "a dog in the snow", valid_df["image"].values, k=9)
retrieve_images(clip, image_embeddings, "children playing football", valid_df["image"].values)
retrieve_images(clip, image_embeddings, "red car", valid_df["image"].values)

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
# ## Report your results
# - Method I (pretrained encoder, frozen): **0.322**
# - Method II (supervised): **0.441**
# - Method III (random encoder, frozen): **0.262**
# - Linear probe on the CLIP image encoder: **0.805**
#
# CLIP sees language and much more data, so its features are best.

# %%
from google.colab import files
# !jupyter nbconvert --to html ps7.ipynb
# !wkhtmltopdf ps7.html ps7.pdf
files.download("ps7.pdf")
