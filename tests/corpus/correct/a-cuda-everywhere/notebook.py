# %% [markdown]
# # EECS 504 PS7: Representation Learning
#
# Please provide the following information:
# uniqname, section 003

# %%
# !nvidia-smi
# !pip install transformers
# !pip install albumentations==1.3.0

# %%
import os
import gc
import random
import itertools

import numpy as np
import pandas as pd
import cv2
import albumentations as A
import matplotlib.pyplot as plt
import torch
from torch import nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as transforms
from torchvision import models
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

assert torch.cuda.is_available(), "switch the runtime to GPU!!"
device = torch.device("cuda")
print("using device", torch.cuda.get_device_name(0))

# %%
seed = 504
random.seed(seed)
np.random.seed(seed)
torch.manual_seed(seed)
torch.cuda.manual_seed_all(seed)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False

# %% [markdown]
# # Problem 7.1 Autoencoder

# %%
unlabeled_transform = transforms.Compose([
    transforms.RandomHorizontalFlip(),
    transforms.RandomCrop(64),
    transforms.ToTensor(),
])
labeled_transform = transforms.Compose([
    transforms.CenterCrop(64),
    transforms.ToTensor(),
])

unlabeled_set_all = torchvision.datasets.STL10(root="./data", split="unlabeled", transform=unlabeled_transform, download=True)
unlabeled_set, _ = torch.utils.data.random_split(unlabeled_set_all, [10000, 90000])
train_set = torchvision.datasets.STL10(root="./data", split="train", transform=labeled_transform, download=True)
test_set = torchvision.datasets.STL10(root="./data", split="test", transform=labeled_transform, download=True)

unlabeled_loader = torch.utils.data.DataLoader(unlabeled_set, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
labeled_loader = torch.utils.data.DataLoader(train_set, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
test_loader = torch.utils.data.DataLoader(test_set, batch_size=128, shuffle=False, num_workers=2)
classes = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        ###################################
        # YOUR CODE
        self.conv1 = nn.Conv2d(in_channels, 12, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 4, stride=2, padding=1)
        self.conv3 = nn.Conv2d(24, 48, 4, stride=2, padding=1)
        self.conv4 = nn.Conv2d(48, 24, 4, stride=2, padding=1)
        self.relu = nn.ReLU()
        ###################################

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        x = self.relu(self.conv3(x))
        x = self.relu(self.conv4(x))
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        ###################################
        # YOUR CODE
        self.t_conv1 = nn.ConvTranspose2d(24, 48, 4, stride=2, padding=1)
        self.t_conv2 = nn.ConvTranspose2d(48, 24, 4, stride=2, padding=1)
        self.t_conv3 = nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1)
        self.t_conv4 = nn.ConvTranspose2d(12, out_channels, 4, stride=2, padding=1)
        self.relu = nn.ReLU()
        self.sigmoid = nn.Sigmoid()
        ###################################

    def forward(self, x):
        x = self.relu(self.t_conv1(x))
        x = self.relu(self.t_conv2(x))
        x = self.relu(self.t_conv3(x))
        x = self.sigmoid(self.t_conv4(x))
        return x


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
# sanity check
dummy = torch.randn(4, 3, 64, 64).cuda()
enc = Encoder().cuda()
dec = Decoder().cuda()
print(enc(dummy).shape)       # want 4 x 24 x 4 x 4
print(dec(enc(dummy)).shape)  # want 4 x 3 x 64 x 64
del enc, dec, dummy
torch.cuda.empty_cache()


# %%
def train_ae(model, dataloader, epochs=200):
    model = model.cuda()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss().cuda()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for i, (x, _) in enumerate(dataloader):
            # YOUR CODE: move the images to the gpu, forward, backward, step
            x = x.cuda()
            x_hat = model(x)
            loss = criterion(x_hat, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # END
            loss_epoch += loss.detach().item()
        if epoch % 10 == 0:
            print("Epoch {} loss: {}".format(epoch, loss_epoch))
        loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model, dataloader):
    images, _ = next(iter(dataloader))
    with torch.no_grad():
        recon = model(images.cuda()).cpu()
    both = torch.cat([images[:8], recon[:8]])
    plt.figure(figsize=(12, 4))
    plt.imshow(torchvision.utils.make_grid(both, nrow=8).permute(1, 2, 0).numpy())
    plt.axis("off")
    plt.show()


# %%
ae_model = Autoencoder()
ae_model, ae_loss_traj = train_ae(ae_model, unlabeled_loader, epochs=100)

# %%
plt.plot(ae_loss_traj)
plt.title("AE loss")
plt.show()
visualize_recon(ae_model, test_loader)


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(itertools.chain(encoder.parameters(), cls.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss().cuda()
    encoder = encoder.cuda()
    cls = cls.cuda()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for i, (x, y) in enumerate(dataloader):
            # YOUR CODE
            x = x.cuda()
            y = y.cuda()
            z = encoder(x)
            if not supervised:
                z = z.detach()
            z = z.view(z.shape[0], -1)
            outs = cls(z)
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # END
            loss_epoch += loss.detach().item()
        if epoch % 10 == 0:
            print("Epoch {} loss: {}".format(epoch, loss_epoch))
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    cls.eval()
    num_correct, num_total = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.cuda(), y.cuda()
            pred = cls(encoder(x).view(x.size(0), -1)).max(1)[1]
            num_correct += (pred == y).sum().item()
            num_total += y.size(0)
    print("Test accuracy: %.3f" % (num_correct / num_total))


# %%
# Method I
feat_dim = 24 * 4 * 4
linear1 = nn.Sequential(nn.Linear(feat_dim, 10))
linear1, traj1 = train_classifier(ae_model.encoder, linear1, labeled_loader, epochs=100, supervised=False)
test(ae_model.encoder, linear1, test_loader)

# %%
# Method II
encoder_sup = Encoder()
linear2 = nn.Sequential(nn.Linear(feat_dim, 10))
linear2, traj2 = train_classifier(encoder_sup, linear2, labeled_loader, epochs=100, supervised=True)
test(encoder_sup, linear2, test_loader)

# %%
# Method III
encoder_rand = Encoder()
linear3 = nn.Sequential(nn.Linear(feat_dim, 10))
linear3, traj3 = train_classifier(encoder_rand, linear3, labeled_loader, epochs=100, supervised=False)
test(encoder_rand, linear3, test_loader)

# %% [markdown]
# # Problem 7.2 CLIP

# %%
# !wget -q https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/Flickr8k_Dataset.zip
# !unzip -qq Flickr8k_Dataset.zip -d ./flickr8k

# %%
image_path = "./flickr8k/Images"
captions_path = "./flickr8k"
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
text_encoder_lr = 1e-5
weight_decay = 1e-3
patience = 1
factor = 0.8
epochs = 3
image_encoder_model = "resnet50"
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
pretrained = True
trainable = True
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
    return A.Compose([
        A.Resize(size, size, always_apply=True),
        A.Normalize(max_pixel_value=255.0, always_apply=True),
    ])


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=trainable):
        super().__init__()
        self.model = models.resnet50(pretrained=True)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=pretrained, trainable=trainable):
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
        last_hidden_state = output.last_hidden_state
        return last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super(ProjectionHead, self).__init__()
        # YOUR CODE
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        # YOUR CODE
        projected = self.projection(x)
        return F.normalize(projected, p=2, dim=1)


# %%
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super(CLIPModel, self).__init__()
        # YOUR CODE
        self.image_encoder = ImageEncoder().cuda()
        self.text_encoder = TextEncoder().cuda()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding).cuda()
        self.text_projection = ProjectionHead(embedding_dim=text_embedding).cuda()
        self.temperature = temperature

    def forward(self, batch):
        # Getting Image and Text Features
        image_features = self.image_encoder(batch["image"].cuda())
        text_features = self.text_encoder(input_ids=batch["input_ids"].cuda(), attention_mask=batch["attention_mask"].cuda())

        # YOUR CODE
        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)
        logits = torch.matmul(image_embeddings, text_embeddings.T) / self.temperature
        labels = torch.arange(logits.shape[0]).cuda()
        loss_i = F.cross_entropy(logits, labels, reduction="none")
        loss_t = F.cross_entropy(logits.T, labels, reduction="none")
        loss = (loss_i + loss_t) / 2.0
        return loss.mean()


# %%
def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates("image").reset_index(drop=True)
    max_id = dataframe["id"].max() + 1
    image_ids = np.arange(0, max_id)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    train_ids = [id_ for id_ in image_ids if id_ not in valid_ids]
    train_dataframe = dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True)
    valid_dataframe = dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True)
    return train_dataframe, valid_dataframe


def build_loaders(dataframe, tokenizer, mode):
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=get_transforms(mode=mode))
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


def train_epoch(model, train_loader, optimizer):
    total, count = 0.0, 0
    bar = tqdm_notebook(train_loader, total=len(train_loader))
    for batch in bar:
        batch = {k: v.cuda() for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        n = batch["image"].size(0)
        total, count = total + loss.item() * n, count + n
        bar.set_postfix(train_loss=total / count)
    return total / count


def valid_epoch(model, valid_loader):
    total, count = 0.0, 0
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
        batch = {k: v.cuda() for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        n = batch["image"].size(0)
        total, count = total + loss.item() * n, count + n
    return total / count


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_loader = build_loaders(train_df, tokenizer, mode="train")
valid_loader = build_loaders(valid_df, tokenizer, mode="valid")

model = CLIPModel().cuda()
params = [
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": model.text_encoder.parameters(), "lr": text_encoder_lr},
    {"params": itertools.chain(model.image_projection.parameters(), model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay},
]
optimizer = torch.optim.AdamW(params, weight_decay=0.)

best_loss = float("inf")
for epoch in range(epochs):
    print(f"Epoch: {epoch + 1}")
    model.train()
    train_loss = train_epoch(model, train_loader, optimizer)
    model.eval()
    with torch.no_grad():
        valid_loss = valid_epoch(model, valid_loader)
    print(train_loss, valid_loss)
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")
        print("Saved Best Model!")


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().cuda()
    model.load_state_dict(torch.load(model_path))
    model.eval()
    valid_image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            image_features = model.image_encoder(batch["image"].cuda())
            valid_image_embeddings.append(model.image_projection(image_features))
    return model, torch.cat(valid_image_embeddings)


_, valid_df = make_train_valid_dfs()
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
print(image_embeddings.shape)


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).cuda() for key, values in encoded_query.items()}
    model = model.cuda()
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # YOUR CODE
    sim = text_embeddings @ image_embeddings.cuda().T
    values, indices = torch.topk(sim.squeeze(0), k)
    matches = [image_filenames[idx] for idx in indices]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df["image"].values, k=9)

# %%
retrieve_images(model, image_embeddings, query="children playing in the water", image_filenames=valid_df["image"].values, k=9)

# %%
# Linear probe with CLIP's image encoder
del train_loader, valid_loader
gc.collect()
torch.cuda.empty_cache()
linear_clip = nn.Sequential(nn.Linear(2048, 10))
model.image_encoder.eval()
linear_clip, traj_clip = train_classifier(model.image_encoder, linear_clip, labeled_loader, epochs=100, supervised=False)
test(model.image_encoder, linear_clip, test_loader)

# %% [markdown]
# # Report
#
# | method | test accuracy |
# |---|---|
# | I: AE encoder, frozen | 0.314 |
# | II: supervised | 0.429 |
# | III: random encoder | 0.251 |
# | CLIP image encoder | 0.796 |

# %% [markdown]
# # Convert to PDF

# %%
# !sudo apt-get install texlive-xetex texlive-fonts-recommended texlive-plain-generic
# !jupyter nbconvert --to pdf /content/PS7.ipynb
