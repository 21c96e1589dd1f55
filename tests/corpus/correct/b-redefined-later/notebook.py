# %% [markdown]
# # PS7
# NOTE TO GRADER: I kept my first attempts. The **last** definition of everything is the one I submit.

# %%
from google.colab import drive
drive.mount('/content/drive')

# %%
import os
import numpy as np
import matplotlib.pyplot as plt
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as transforms
import torchvision.datasets as datasets
from torchsummary import summary
from tqdm import tqdm_notebook

device = 'cuda'
batch_size = 128

# %%
t_u = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
t_l = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
dataset_un = datasets.STL10('./data', 'unlabeled', transform=t_u, download=True)
dataset_un, _ = torch.utils.data.random_split(dataset_un, [10000, 90000])
dataset_tr = datasets.STL10('./data', 'train', transform=t_l, download=True)
dataset_te = datasets.STL10('./data', 'test', transform=t_l, download=True)
loader_un = torch.utils.data.DataLoader(dataset_un, batch_size=batch_size, shuffle=True, num_workers=2)
loader_tr = torch.utils.data.DataLoader(dataset_tr, batch_size=batch_size, shuffle=True, num_workers=2)
loader_te = torch.utils.data.DataLoader(dataset_te, batch_size=batch_size, shuffle=False, num_workers=2)


# %%
# first attempt
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.conv1 = nn.Conv2d(in_channels, 12, 4, 2, 1)
        self.conv2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.conv3 = nn.Conv2d(24, 24, 4, 2, 1)

    def forward(self, x):
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.net = nn.Sequential(
            nn.ConvTranspose2d(24, 48, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(12, out_channels, 4, 2, 1), nn.ReLU(0.2), nn.Sigmoid())  # everything comes out > 0.5?!

    def forward(self, x):
        return self.net(x)


print(Encoder()(torch.zeros(1, 3, 64, 64)).shape)  # 8x8, must be 4x4


# %%
# second attempt (final)
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.net = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, 2, 1), nn.ReLU(0.2),
            nn.Conv2d(12, 24, 4, 2, 1), nn.ReLU(0.2),
            nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU(0.2),
            nn.Conv2d(48, 24, 4, 2, 1), nn.ReLU(0.2))

    def forward(self, x):
        return self.net(x)


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.net = nn.Sequential(
            nn.ConvTranspose2d(24, 48, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ReLU(0.2),
            nn.ConvTranspose2d(12, out_channels, 4, 2, 1), nn.Sigmoid())

    def forward(self, x):
        return self.net(x)


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


summary(Autoencoder().to(device), (3, 64, 64), device=device)


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            out = model(x)
            loss = criterion(out, x)
            loss.backward()       # forgot zero_grad, see below
            optimizer.step()
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return model, loss_traj


# %%
# loss oscillates -> zero_grad was missing
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            out = model(x)
            loss = criterion(out, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()
        print('Epoch {}/{} loss {:.3f}'.format(epoch, epochs, loss_epoch))
        loss_traj.append(loss_epoch)
    return model, loss_traj


ae = Autoencoder().to(device)
ae, traj = train_ae(ae, loader_un, epochs=100)
torch.save(ae.state_dict(), './ae.pth')


# %%
def visualize_recon(model, loader):
    x = next(iter(loader))[0][:4].to(device)
    y = model(x)
    img = torch.cat([torch.cat(list(x), 2), torch.cat(list(y), 2)], 1)
    plt.imshow(img.permute(1, 2, 0).detach().cpu()); plt.axis('off'); plt.show()


ae.load_state_dict(torch.load('./ae.pth'))
visualize_recon(ae, loader_te)

# %%
feat_dim = 24 * 4 * 4


def test(encoder, cls, dataloader):
    right = 0
    with torch.no_grad():
        for x, y in dataloader:
            z = encoder(x.to(device))
            right += (cls(z.view(len(z), -1)).argmax(1).cpu() == y).sum().item()
    print('Test accuracy', right / len(dataset_te))


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    # everything in one optimizer: then the encoder trains in Methods I and III too, acc too good
    optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in range(epochs):
        for x, y in dataloader:
            outs = cls(encoder(x.to(device)).view(x.shape[0], -1))
            loss = criterion(outs, y.to(device))
            optimizer.zero_grad(); loss.backward(); optimizer.step()
    return cls, loss_traj


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised == True:
        optimizer = optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    for p in encoder.parameters():
        p.requires_grad = supervised
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(encoder(x).view(x.shape[0], -1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


# %%
# Method I
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(ae.encoder, cls, loader_tr, epochs=100, supervised=False)
test(ae.encoder, cls, loader_te)

# %%
# Method II
encoder = Encoder().to(device)
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(encoder, cls, loader_tr, epochs=100, supervised=True)
test(encoder, cls, loader_te)

# %%
# Method III
encoder = Encoder().to(device)
cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls, _ = train_classifier(encoder, cls, loader_tr, epochs=100, supervised=False)
test(encoder, cls, loader_te)

# %% [markdown]
# ## 7.2

# %%
# !pip install transformers

# %%
import cv2
import itertools
import pandas as pd
import albumentations as A
from transformers import DistilBertModel, DistilBertTokenizer
image_path = "/content/Flickr8k/Images"
captions_path = "/content/Flickr8k"
batch_size = 32
num_workers = 2
image_encoder_lr = 1e-4
head_lr = 1e-3
weight_decay = 1e-3
epochs = 3
image_encoder_model, text_encoder_model, text_tokenizer = 'resnet50', "distilbert-base-uncased", "distilbert-base-uncased"
image_embedding, text_embedding = 2048, 768
max_length, size, projection_dim, temperature = 200, 64, 256, 0.07


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(list(captions), padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item['image'] = torch.tensor(self.transforms(image=image)['image']).permute(2, 0, 1).float()
        item['caption'] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates('id', keep='first')
    np.random.seed(42)
    ids = dataframe["id"].values
    valid_ids = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    valid = dataframe["id"].isin(valid_ids)
    return dataframe[~valid].reset_index(drop=True), dataframe[valid].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    tr = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=tr)
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = torchvision.models.resnet50(weights=torchvision.models.ResNet50_Weights.IMAGENET1K_V1)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        for p in self.model.parameters():
            p.requires_grad = trainable
        self.target_token_idx = 0

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state[:, self.target_token_idx, :]


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.projection(x), dim=0)


# %%
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        I = self.image_projection(self.image_encoder(batch["image"]))
        T = self.text_projection(self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        logits = I @ T.T * self.temperature
        loss = F.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
        return loss.mean()


# %% [markdown]
# ### Fixes
# After office hours: the rows must have norm 1 (dim=1, not 0); divide by the temperature; both directions; the text encoder frozen.

# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.projection(x), dim=1)


h = ProjectionHead(2048)(torch.rand(4, 2048))
print(h.norm(dim=1))


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder(trainable=True)
        self.text_encoder = TextEncoder(trainable=False)
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        I = self.image_projection(self.image_encoder(batch["image"]))
        T = self.text_projection(self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
        logits = I @ T.T / self.temperature
        target = torch.arange(len(logits), device=logits.device)
        loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        return loss.mean()


# %%
def train_epoch(model, loader, optimizer):
    total = 0
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def valid_epoch(model, loader):
    total = 0
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        with torch.no_grad():
            total += model(batch).item()
    return total / len(loader)


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_loader, valid_loader = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
optimizer = optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": itertools.chain(model.image_projection.parameters(), model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay}])
best = np.inf
for epoch in range(epochs):
    model.train(); a = train_epoch(model, train_loader, optimizer)
    model.eval(); b = valid_epoch(model, valid_loader)
    print(epoch + 1, a, b)
    if b < best:
        best = b; torch.save(model.state_dict(), "best.pt"); print("Saved")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    embs = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            embs.append(model.image_projection(model.image_encoder(batch["image"].to(device))))
    return model, torch.cat(embs)


model, image_embeddings = get_image_embeddings(valid_df, "best.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_embeddings = model.text_projection(model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
    sim = (image_embeddings @ text_embeddings.T).flatten()
    matches = image_filenames[torch.argsort(sim)[:9].cpu().numpy()]  # these are the WORST nine
    print(matches)


retrieve_images(model, image_embeddings, "dogs on the grass", valid_df['image'].values)


# %%
# final: best first, and k
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_embeddings = model.text_projection(model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]))
    sim = (image_embeddings @ text_embeddings.T).flatten()
    matches = image_filenames[torch.argsort(sim, descending=True)[:k].cpu().numpy()]
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)); ax.axis("off")
    plt.show()
    return matches


retrieve_images(model, image_embeddings, "dogs on the grass", valid_df['image'].values);
retrieve_images(model, image_embeddings, "kids in a swimming pool", valid_df['image'].values);

# %%
cls = nn.Sequential(nn.Linear(2048, 10)).to(device)
cls, _ = train_classifier(model.image_encoder, cls, loader_tr, epochs=100, supervised=False)
test(model.image_encoder, cls, loader_te)

# %% [markdown]
# ## Report
# * Method I 0.322
# * Method II 0.430
# * Method III 0.251
# * CLIP 0.801

# %%
# %cd /content/drive/MyDrive/PS7
# !jupyter nbconvert --to pdf PS7.ipynb
