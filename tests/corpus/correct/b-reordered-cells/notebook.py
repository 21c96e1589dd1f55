# %% [markdown]
# # PS7 — everything needed
# I moved all functions to where I could find them, so 7.2 comes first. Runs top to bottom.

# %%
# ---- retrieval (7.2 d) ----
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = get_tokenizer()
    encoded_query = tokenizer([query], padding=True, truncation=True, return_tensors="pt")
    input_ids, attention_mask = encoded_query["input_ids"].to(device), encoded_query["attention_mask"].to(device)
    with torch.no_grad():
        text_embeddings = model.text_projection(model.text_encoder(input_ids=input_ids, attention_mask=attention_mask))
    similarity = F.cosine_similarity(text_embeddings, image_embeddings, dim=1)  # (1,256) against (M,256) -> (M,)
    best = torch.argsort(similarity, descending=True)[:k]
    matches = image_filenames[best.cpu().numpy()]
    show_grid(matches)
    return matches


# %%
# ---- imports ----
import cv2
import numpy as np
import pandas as pd
import torch
from torch import nn
import torch.nn.functional as F
import albumentations as A
import matplotlib.pyplot as plt
from tqdm.notebook import tqdm
from transformers import DistilBertModel, DistilBertTokenizer


# %%
class CLIPModel(nn.Module):
    def __init__(self, temperature=0.07, image_embedding=2048, text_embedding=768):
        super(CLIPModel, self).__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        loss = contrastive(self.image_projection(image_features), self.text_projection(text_features), self.temperature)
        return loss.mean()


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=256):
        super(ProjectionHead, self).__init__()
        self.proj = nn.Linear(embedding_dim, projection_dim)

    def forward(self, features):
        return F.normalize(self.proj(features), p=2, dim=-1)


# %%
def show_grid(matches):
    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        img = cv2.imread(f"{image_path}/{match}")
        ax.imshow(cv2.cvtColor(img, cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()


def get_tokenizer():
    return DistilBertTokenizer.from_pretrained(text_tokenizer)


# %%
def contrastive(im, tx, tau):
    logits = torch.matmul(im, tx.transpose(0, 1)) / tau
    return (one_way(logits) + one_way(logits.transpose(0, 1))) / 2


def one_way(logits):
    """-log of softmax over dim 1 at the diagonal; a vector over the batch"""
    return torch.logsumexp(logits, dim=1) - torch.diagonal(logits)


# %% [markdown]
# ### Report (filled in at the end)
# Method I: 0.3135, Method II: 0.4272, Method III: 0.2496, linear probe of CLIP: 0.8014

# %%
text_tokenizer = text_encoder_model = "distilbert-base-uncased"
image_encoder_model = "resnet50"
image_embedding, text_embedding, projection_dim, temperature = 2048, 768, 256, 0.07
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
image_path = "/content/flickr8k/Images"


# %%
class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        out = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return out.last_hidden_state[:, 0, :]


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
def test(encoder, cls, dataloader):
    good = n = 0
    with torch.no_grad():
        for x, y in dataloader:
            outs = cls(encoder(x.to(device)).reshape(len(x), -1))
            good += int((outs.argmax(dim=1).cpu() == y).sum()); n += len(y)
    print(f"Accuracy: {100 * good / n:.2f} %")
    return good / n


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = torch.optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = torch.optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm(range(epochs)):
        loss_epoch = 0
        for img, lab in dataloader:
            img, lab = img.to(device), lab.to(device)
            h = encoder(img)
            h = h if supervised else h.detach()
            outs = cls(h.reshape(img.shape[0], -1))
            loss = criterion(outs, lab)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


# %%
def visualize_recon(model, loader):
    x = next(iter(loader))[0][:5].to(device)
    with torch.no_grad():
        r = model(x)
    fig, ax = plt.subplots(2, 5)
    for j in range(5):
        ax[0][j].imshow(x[j].permute(1, 2, 0).cpu()); ax[1][j].imshow(r[j].permute(1, 2, 0).cpu())
    plt.show()


def train_ae(model, dataloader, epochs=200):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm(range(epochs)):
        loss_epoch = 0
        for img, _ in dataloader:
            img = img.to(device)
            optimizer.zero_grad()
            loss = criterion(img, model(img))
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return model, loss_traj


# %%
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        # written in the order of the picture in the handout, from the output back to the feature
        up4 = nn.ConvTranspose2d(12, out_channels, 4, 2, 1)
        up3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        up2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        up1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.up = nn.ModuleList([up1, up2, up3, up4])

    def forward(self, x):
        for i, layer in enumerate(self.up):
            x = layer(x)
            x = torch.relu(x) if i < 3 else torch.sigmoid(x)
        return x


class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(a, b, 4, 2, 1) for a, b in [(in_channels, 12), (12, 24), (24, 48), (48, 24)]])

    def forward(self, x):
        for layer in self.down:
            x = torch.relu(layer(x))
        return x


# %% [markdown]
# ## Now the runs

# %%
import torchvision
from torchvision import transforms as tr
from torchvision.datasets import STL10
from torchvision.models import resnet50

feat_dim = 24 * 4 * 4
crop = tr.Compose([tr.CenterCrop(64), tr.ToTensor()])
test_dl = torch.utils.data.DataLoader(STL10("stl", split="test", transform=crop, download=True), batch_size=128, num_workers=2)
train_dl = torch.utils.data.DataLoader(STL10("stl", split="train", transform=crop, download=True), batch_size=128, shuffle=True, num_workers=2)
unl = STL10("stl", split="unlabeled", transform=tr.Compose([tr.RandomHorizontalFlip(), tr.RandomCrop(64), tr.ToTensor()]), download=True)
unl = torch.utils.data.random_split(unl, [10000, len(unl) - 10000])[0]
unl_dl = torch.utils.data.DataLoader(unl, batch_size=128, shuffle=True, num_workers=2)

# %%
# Method III
random_encoder = Encoder().to(device)
cls3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls3, _ = train_classifier(random_encoder, cls3, train_dl, epochs=100, supervised=False)
acc_III = test(random_encoder, cls3, test_dl)

# %%
ae = Autoencoder().to(device)
ae, ae_losses = train_ae(ae, unl_dl, epochs=100)
visualize_recon(ae, test_dl)

# %%
# Method I
cls1 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls1, _ = train_classifier(ae.encoder, cls1, train_dl, epochs=100, supervised=False)
acc_I = test(ae.encoder, cls1, test_dl)

# %%
# Method II
sup_encoder = Encoder().to(device)
cls2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
cls2, _ = train_classifier(sup_encoder, cls2, train_dl, epochs=100, supervised=True)
acc_II = test(sup_encoder, cls2, test_dl)


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, get_tokenizer(), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    with torch.no_grad():
        embs = [model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm(loader)]
    return model, torch.cat(embs)


def build_loaders(df, tokenizer, mode):
    return torch.utils.data.DataLoader(CLIPDataset(df, tokenizer), batch_size=batch_size, num_workers=2, shuffle=mode == "train", drop_last=True)


class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, df, tokenizer):
        self.files, self.captions = df["image"].values, df["caption"].tolist()
        self.enc = tokenizer(self.captions, padding=True, truncation=True, max_length=200)
        self.t = A.Compose([A.Resize(64, 64, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])

    def __len__(self):
        return len(self.captions)

    def __getitem__(self, i):
        out = {key: torch.tensor(self.enc[key][i]) for key in ("input_ids", "attention_mask")}
        img = cv2.cvtColor(cv2.imread(f"{image_path}/{self.files[i]}"), cv2.COLOR_BGR2RGB)
        out["image"] = torch.from_numpy(self.t(image=img)["image"]).permute(2, 0, 1).float()
        return out


def make_train_valid_dfs():
    df = pd.read_csv("/content/flickr8k/captions.csv").groupby("id").nth(0).reset_index()
    np.random.seed(42)
    valid = np.random.choice(df.index.values, size=int(0.2 * len(df)), replace=False)
    return df.drop(valid).reset_index(drop=True), df.loc[np.sort(valid)].reset_index(drop=True)


# %%
def train_epoch(model, loader, optimizer):
    losses = []
    for batch in tqdm(loader):
        loss = model({k: v.to(device) for k, v in batch.items()})
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def valid_epoch(model, loader):
    with torch.no_grad():
        losses = [model({k: v.to(device) for k, v in batch.items()}).item() for batch in tqdm(loader)]
    return sum(losses) / len(losses)


# %%
batch_size = 32
train_df, valid_df = make_train_valid_dfs()
clip_loaders = [build_loaders(train_df, get_tokenizer(), "train"), build_loaders(valid_df, get_tokenizer(), "valid")]
clip = CLIPModel(temperature, image_embedding, text_embedding).to(device)
optimizer = torch.optim.AdamW([
    {"params": clip.image_encoder.parameters(), "lr": 1e-4},
    {"params": clip.image_projection.parameters(), "lr": 1e-3, "weight_decay": 1e-3},
    {"params": clip.text_projection.parameters(), "lr": 1e-3, "weight_decay": 1e-3}])
best_loss = np.inf
for epoch in range(3):
    clip.train(); t = train_epoch(clip, clip_loaders[0], optimizer)
    clip.eval(); v = valid_epoch(clip, clip_loaders[1])
    print("epoch", epoch, "train", t, "valid", v)
    if v < best_loss:
        best_loss = v
        torch.save(clip.state_dict(), "clip_best.pth")

# %%
clip, image_embeddings = get_image_embeddings(valid_df, "clip_best.pth")
_ = retrieve_images(clip, image_embeddings, "dogs on the grass", valid_df["image"].values)
_ = retrieve_images(clip, image_embeddings, "a woman in a hat", valid_df["image"].values)

# %%
cls_clip = nn.Sequential(nn.Linear(2048, 10)).to(device)
cls_clip, _ = train_classifier(clip.image_encoder, cls_clip, train_dl, epochs=100, supervised=False)
acc_clip = test(clip.image_encoder, cls_clip, test_dl)

# %%
# !jupyter nbconvert --to pdf PS7.ipynb
