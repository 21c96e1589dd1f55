# %% [markdown]
# # PS7 (sorry for the mess)

# %%
# !nvidia-smi
# !pip install -q transformers torchsummary

# %%
# %matplotlib inline
# %config InlineBackend.figure_format = 'retina'
# %load_ext autoreload
# %autoreload 2

# %%
import os, cv2, itertools
import numpy as np, pandas as pd
import matplotlib.pyplot as plt
import torch, torchvision
import torch.nn as nn
import torch.optim as optim
import torch.nn.functional as F
import torchvision.transforms as transforms
from torchsummary import summary
from tqdm import tqdm_notebook
device = torch.device("cuda")

# %%
from google.colab import drive
drive.mount("/content/drive")
# %cd "/content/drive/My Drive/ps7"
# !ls -la

# %% language="bash"
# mkdir -p data
# df -h | head -3

# %%
batch_size = 128
tr_u = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
tr_l = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
un = torchvision.datasets.STL10("./data", split="unlabeled", transform=tr_u, download=True)
un, _ = torch.utils.data.random_split(un, [10000, len(un) - 10000])
tr = torchvision.datasets.STL10("./data", split="train", transform=tr_l, download=True)
te = torchvision.datasets.STL10("./data", split="test", transform=tr_l, download=True)
unlab_loader = torch.utils.data.DataLoader(un, batch_size=batch_size, shuffle=True, num_workers=2)
train_loader = torch.utils.data.DataLoader(tr, batch_size=batch_size, shuffle=True, num_workers=2)
test_loader = torch.utils.data.DataLoader(te, batch_size=batch_size, shuffle=False, num_workers=2)

# %%
# scratch
x = torch.rand(2, 3, 64, 64
nn.Conv2d(3, 12, 4, 2, 1)(x).shape

# %%
# scratch again
x = torch.rand(2, 3, 64, 64)
nn.Conv2d(12, 3, 4, 2, 1)(x).shape

# %%
# ?nn.ConvTranspose2d

# %%
# %%time
x = nn.Conv2d(3, 12, 4, 2, 1)(torch.rand(2, 3, 64, 64))
x.shape


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.c1 = nn.Conv2d(in_channels, 12, 4, 2, padding=1)
        self.c2 = nn.Conv2d(12, 24, 4, 2, padding=1)
        self.c3 = nn.Conv2d(24, 48, 4, 2, padding=1)
        self.c4 = nn.Conv2d(48, 24, 4, 2, padding=1)
        self.relu = nn.ReLU(True)

    def forward(self, x):
        x = self.relu(self.c1(x))
        x = self.relu(self.c2(x))
        x = self.relu(self.c3(x))
        x = self.relu(self.c4(x))
        # print(x.shape)
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.t1 = nn.ConvTranspose2d(24, 48, 4, 2, padding=1)
        self.t2 = nn.ConvTranspose2d(48, 24, 4, 2, padding=1)
        self.t3 = nn.ConvTranspose2d(24, 12, 4, 2, padding=1)
        self.t4 = nn.ConvTranspose2d(12, out_channels, 4, 2, padding=1)
        self.relu = nn.ReLU(True)
        self.sig = nn.Sigmoid()

    def forward(self, x):
        x = self.relu(self.t1(x))
        x = self.relu(self.t2(x))
        x = self.relu(self.t3(x))
        x = self.sig(self.t4(x))
        return x


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
summary(Encoder().cuda(), (3, 64, 64))
summary(Decoder().cuda(), (24, 4, 4))

# %%
net = Autoencoder()
net.encodr(torch.rand(1, 3, 64, 64))


# %%
def train_ae(model, dataloader, epochs=200):
    model = model.cuda()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.cuda()
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return model, loss_traj


# %%
# %%time
ae, ae_traj = train_ae(Autoencoder(), unlab_loader, epochs=100)
torch.save(ae, "ae_whole.pt")

# %%
# %%capture
ae = torch.load("ae_whole.pt")

# %%
def visualize_recon(model, loader):
    x = next(iter(loader))[0][:8].cuda()
    y = model(x)
    plt.figure(figsize=(16, 4))
    plt.imshow(torchvision.utils.make_grid(torch.cat([x, y]).detach().cpu(), 8).permute(1, 2, 0)); plt.show()

visualize_recon(ae, test_loader)

# %%
for i, (x, y) in enumerate(train_loader):
    print x.shape
    break

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder, cls = encoder.cuda(), cls.cuda()
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(itertools.chain(cls.parameters(), encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.cuda(), y.cuda()
            if supervised:
                z = encoder(x)
            else:
                with torch.no_grad():
                    z = encoder(x)
            outs = cls(torch.flatten(z, start_dim=1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    c = 0; t = 0
    with torch.no_grad():
        for x, y in dataloader:
            o = cls(torch.flatten(encoder(x.cuda()), start_dim=1))
            c += (o.argmax(1) == y.cuda()).sum().item(); t += len(y)
    print("acc", c / t)


# %% [markdown]
# Method I

# %%
cls1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls1, l1 = train_classifier(ae.encoder, cls1, train_loader, epochs=100, supervised=False)
test(ae.encoder, cls1, test_loader)

# %% [markdown]
# Method II

# %%
e2 = Encoder()
cls2 = nn.Sequential(nn.Linear(feat_dim, 10))
cls2, l2 = train_classifier(e2, cls2, train_loader, epochs=100, supervised=True)
test(e2, cls2, test_loader)

# %% [markdown]
# Method III

# %%
e3 = Encoder()
cls3 = nn.Sequential(nn.Linear(feat_dim, 10))
cls3, l3 = train_classifier(e3, cls3, train_loader, epochs=100, supervised=False)
test(e3, cls3, test_loader)

# %%
plt.plot(l1); plt.plot(l2); plt.plot(l3); plt.legend(["I", "II", "III"])
plt.plot(l4)

# %% [markdown]
# # CLIP

# %%
# !kaggle datasets download -d adityajn105/flickr8k
# !unzip -q flickr8k.zip
# files = !ls Images | head
print("ok")

# %%
import albumentations as A
from transformers import DistilBertModel, AutoTokenizer
image_path, captions_path = "/content/Images", "/content"
batch_size, num_workers, epochs, size, max_length = 32, 2, 3, 64, 200
image_encoder_lr, head_lr, weight_decay = 1e-4, 1e-3, 1e-3
image_encoder_model, image_embedding = "resnet50", 2048
text_encoder_model = text_tokenizer = "distilbert-base-uncased"
text_embedding, projection_dim, temperature = 768, 256, 0.07

# %% language="html"
# <style>table {float:left}</style>

# %%
df = pd.read_csv("captions.txt")
df["id"] = [id_ for id_ in range(df.shape[0] // 5) for _ in range(5)]
df.to_csv("captions.csv", index=False)
df = pd.read_csv("captions.csv").iloc[::5].reset_index(drop=True)
df.head(


# %%
df = pd.read_csv(os.path.join(captions_path, "captions.csv")).iloc[::5].reset_index(drop=True)
df.head()


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames, self.captions, self.transforms = image_filenames, list(captions), transforms
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        item["caption"] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    np.random.seed(42)
    valid_ids = np.random.choice(np.arange(len(df)), size=int(0.2 * len(df)), replace=False)
    train_ids = np.setdiff1d(np.arange(len(df)), valid_ids)
    return df.iloc[train_ids].reset_index(drop=True), df.iloc[np.sort(valid_ids)].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    t = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    d = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer, t)
    return torch.utils.data.DataLoader(d, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = torchvision.models.resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.linear = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        x = self.linear(x)
        x = x / x.norm(p=2, dim=-1, keepdim=True)
        return x


# %%
# scratch: which axis is softmax over??
a = torch.tensor([[1., 2.], [3., 4.]])
print(F.softmax(a, 0), F.softmax(a, 1))
F.cross_entropy(a, [0, 1])

# %%
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        I = self.image_projection(image_features)
        T = self.text_projection(text_features)
        label = torch.arange(batch_size).cuda()
        criterion = nn.CrossEntropyLoss()
        loss1 = criterion(torch.mm(I, T.t()) / self.temperature, label)
        loss2 = criterion(torch.mm(T, I.t()) / self.temperature, label)
        loss = (loss1 + loss2) / 2
        return loss.mean()


# %%
model = CLIPModel().cuda()
model(torch.rand(2, 3, 64, 64))  # needs a dict

# %%
def train_epoch(model, loader, optimizer):
    s = 0
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.cuda() for k, v in batch.items() if k != "caption"}
        optimizer.zero_grad()
        loss = model(batch)
        loss.backward()
        optimizer.step()
        s += loss.item()
    return s / len(loader)

def valid_epoch(model, loader):
    with torch.no_grad():
        return sum(model({k: v.cuda() for k, v in b.items() if k != "caption"}).item() for b in loader) / len(loader)

train_df, valid_df = make_train_valid_dfs()
tok = AutoTokenizer.from_pretrained(text_tokenizer)
L1, L2 = build_loaders(train_df, tok, "train"), build_loaders(valid_df, tok, "valid")
model = CLIPModel().cuda()
optimizer = optim.AdamW([{"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
                         {"params": [*model.image_projection.parameters(), *model.text_projection.parameters()], "lr": head_lr, "weight_decay": weight_decay}])
best = 99
for epoch in range(epochs):
    model.train(); a = train_epoch(model, L1, optimizer)
    model.eval(); b = valid_epoch(model, L2)
    print(epoch, a, b)
    if b < best:
        best = b
        torch.save(model.state_dict(), "best.pt")

# %%
# !ls -lh best.pt && cp best.pt /content/drive/MyDrive/

# %%
def get_image_embeddings(valid_df, model_path):
    loader = build_loaders(valid_df, AutoTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().cuda()
    model.load_state_dict(torch.load(model_path))
    model.eval()
    E = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            E.append(model.image_projection(model.image_encoder(batch["image"].cuda())))
    return model, torch.cat(E)

model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
image_embeddings.shape

# %%
image_embeddings[0] @ text_embeddings[0]

# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = AutoTokenizer.from_pretrained(text_tokenizer)
    batch = {key: torch.tensor(values).cuda() for key, values in tokenizer([query]).items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    sims = torch.mm(text_embeddings, image_embeddings.t())[0]
    idx = torch.sort(sims, descending=True)[1][0:k]
    matches = []
    for i in idx:
        matches.append(image_filenames[i.item()])

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)); ax.axis("off")
    plt.show()

# %%
# %%time
retrieve_images(model, image_embeddings, "dogs on the grass", valid_df["image"].values, k=9)

# %%
retrieve_images(model, image_embeddings, "a boy jumping", valid_df["image"].values, k=9)

# %%
cls4 = nn.Sequential(nn.Linear(2048, 10))
cls4, l4 = train_classifier(model.image_encoder, cls4, train_loader, epochs=100, supervised=False)
test(model.image_encoder, cls4, test_loader)

# %% [markdown]
# # Report
# I: 0.311, II: 0.424, III: 0.263, CLIP: 0.796

# %%
# !sudo apt-get install texlive-xetex texlive-fonts-recommended texlive-plain-generic
# !jupyter nbconvert --to pdf ps7.ipynb

# %%
