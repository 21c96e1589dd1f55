# %% [markdown]
# ## Problem set 7 (einops edition)

# %%
# !pip install -q timm einops transformers albumentations

# %%
import albumentations as A
import cv2
import einops
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import timm
import torch
import torch.nn.functional as F
import torchvision
from einops import rearrange
from torch import einsum, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from tqdm.notebook import tqdm
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = "cuda"

# %%
root = "/content/stl10"
unlabeled_t = transforms.Compose([transforms.RandomHorizontalFlip(p=0.5), transforms.RandomCrop((64, 64)), transforms.ToTensor()])
labeled_t = transforms.Compose([transforms.CenterCrop((64, 64)), transforms.ToTensor()])
unlabeled = torchvision.datasets.STL10(root, "unlabeled", transform=unlabeled_t, download=True)
unlabeled, _ = torch.utils.data.random_split(unlabeled, [10000, 90000])
train_ds = torchvision.datasets.STL10(root, "train", transform=labeled_t)
test_ds = torchvision.datasets.STL10(root, "test", transform=labeled_t)
unlabeled_loader = DataLoader(unlabeled, 128, shuffle=True, num_workers=2)
train_loader = DataLoader(train_ds, 128, shuffle=True, num_workers=2)
test_loader = DataLoader(test_ds, 128, num_workers=2)

# %%
DIMS = (12, 24, 48, 24)
conv_args = dict(kernel_size=4, stride=2, padding=1)


class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        dims = (in_channels, *DIMS)
        self.convs = nn.ModuleList([nn.Conv2d(a, b, **conv_args) for a, b in zip(dims[:-1], dims[1:])])

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        dims = (*DIMS[::-1], out_channels)  # 24 48 24 12 3
        self.deconvs = nn.ModuleList([nn.ConvTranspose2d(a, b, **conv_args) for a, b in zip(dims[:-1], dims[1:])])

    def forward(self, x):
        *hidden, last = self.deconvs
        for deconv in hidden:
            x = F.relu(deconv(x))
        return torch.sigmoid(last(x))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    model.to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in (pbar := tqdm(range(epochs))):
        loss_epoch = torch.zeros((), device="cuda")
        for images, _ in dataloader:
            images = images.to("cuda")
            loss = criterion(model(images), images)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach()  # no sync in the inner loop
        loss_traj.append(loss_epoch.item())
        pbar.set_description(f"loss {loss_traj[-1]:.3f}")
    return model, loss_traj


def visualize_recon(model, dataloader):
    x = next(iter(dataloader))[0][:8]
    with torch.no_grad():
        y = model(x.to(device)).cpu()
    plt.figure(figsize=(14, 4))
    plt.imshow(rearrange([x, y], "two b c h w -> (two h) (b w) c").numpy())
    plt.axis("off")
    plt.show()


ae, ae_traj = train_ae(Autoencoder(), unlabeled_loader, 100)
visualize_recon(ae, test_loader)


# %%
def features(encoder, x):
    """conv maps or vectors -> one row per image"""
    return rearrange(encoder(x), "b ... -> b (...)")


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder, cls = encoder.to(device), cls.to(device)
    encoder.requires_grad_(supervised)
    encoder.train(supervised)
    optimizer = torch.optim.Adam(
        [p for p in (*encoder.parameters(), *cls.parameters()) if p.requires_grad], lr=1e-3, weight_decay=1e-4
    )
    loss_traj = []
    for epoch in (pbar := tqdm(range(epochs))):
        loss_epoch = 0.0
        for images, labels in dataloader:
            images, labels = images.to("cuda"), labels.to("cuda")
            outs = cls(features(encoder, images))
            loss = F.cross_entropy(outs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
        pbar.set_description(f"loss {loss_epoch:.3f}")
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    right = []
    with torch.no_grad():
        for images, labels in dataloader:
            right.append(cls(features(encoder, images.to(device))).argmax(-1).cpu() == labels)
    acc = torch.cat(right).float().mean().item()
    print(f"{acc:.2%}")
    return acc


# %%
feat_dim = 24 * 4 * 4
new_cls = lambda: nn.Sequential(nn.Linear(feat_dim, 10))

# %% [markdown]
# Method I

# %%
cls_pre, _ = train_classifier(ae.encoder, new_cls(), train_loader, epochs=100, supervised=False)
test(ae.encoder, cls_pre, test_loader)

# %% [markdown]
# Method II

# %%
enc_sup = Encoder()
cls_sup, _ = train_classifier(enc_sup, new_cls(), train_loader, epochs=100, supervised=True)
test(enc_sup, cls_sup, test_loader)

# %% [markdown]
# Method III

# %%
enc_rnd = Encoder()
cls_rnd, _ = train_classifier(enc_rnd, new_cls(), train_loader, epochs=100, supervised=False)
test(enc_rnd, cls_rnd, test_loader)

# %% [markdown]
# ## CLIP

# %%
image_path, captions_path = "/content/Images", "/content"
batch_size, num_workers, epochs = 32, 2, 3
head_lr, image_encoder_lr, weight_decay = 1e-3, 1e-4, 1e-3
image_encoder_model, image_embedding = "resnet50", 2048
text_encoder_model, text_tokenizer, text_embedding = "distilbert-base-uncased", "distilbert-base-uncased", 768
max_length, size = 200, 64
pretrained, temperature, projection_dim = True, 0.07, 256


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames, self.captions, self.transforms = image_filenames, list(captions), transforms
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")
        image = self.transforms(image=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))["image"]
        item["image"] = rearrange(torch.from_numpy(image), "h w c -> c h w").float()
        return item

    def __len__(self):
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=True):
        super().__init__()
        self.model = timm.create_model("resnet50", pretrained, num_classes=0, global_pool="avg")
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=pretrained, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(config=DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0, :]


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.to_embedding = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        x = self.to_embedding(x)
        norm = torch.sqrt(einsum("b d, b d -> b", x, x))
        return x / rearrange(norm, "b -> b 1")


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder, self.text_encoder = ImageEncoder(), TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])

        I, T = self.image_projection(image_features), self.text_projection(text_features)
        sim = einsum("i d, j d -> i j", I, T) / self.temperature
        matching = einsum("n d, n d -> n", I, T) / self.temperature
        loss_image_text = sim.logsumexp(dim=1) - matching
        loss_text_image = sim.logsumexp(dim=0) - matching
        loss = einops.reduce([loss_image_text, loss_text_image], "two n -> n", "mean")
        return loss.mean()


# %%
def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates(subset="image")
    ids = np.arange(df["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    return df[~df["id"].isin(valid_ids)].reset_index(drop=True), df[df["id"].isin(valid_ids)].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0)])
    data = CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf)
    return DataLoader(data, batch_size, shuffle=(mode == "train"), num_workers=num_workers, drop_last=True)


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    losses = []
    for batch in tqdm(loader):
        loss = model({k: v.to(device) for k, v in batch.items()})
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


train_epoch = run_epoch


@torch.no_grad()
def valid_epoch(model, loader):
    return run_epoch(model, loader)


# %%
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_df, valid_df = make_train_valid_dfs()
clip_train, clip_valid = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
heads = [*model.image_projection.parameters(), *model.text_projection.parameters()]
optimizer = torch.optim.AdamW(
    [dict(params=model.image_encoder.parameters(), lr=image_encoder_lr), dict(params=heads, lr=head_lr, weight_decay=weight_decay)]
)
best_loss = float("inf")
for epoch in range(epochs):
    train_loss, valid_loss = train_epoch(model, clip_train, optimizer), valid_epoch(model, clip_valid)
    print(epoch, train_loss, valid_loss)
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")


# %%
@torch.no_grad()
def get_image_embeddings(df, model_path):
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path))
    model.eval()
    loader = build_loaders(df, tokenizer, "valid")
    return model, torch.cat([model.image_projection(model.image_encoder(b["image"].to(device))) for b in tqdm(loader)])


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    tokens = tokenizer([query])
    batch = {name: torch.tensor(values, device=device) for name, values in tokens.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    scores = einsum("q d, n d -> q n", text_embeddings, image_embeddings)
    order = rearrange(scores.argsort(dim=-1, descending=True), "1 n -> n")[:k]
    matches = image_filenames[order.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, axis in zip(matches, axes.flatten()):
        axis.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB))
        axis.axis("off")
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
retrieve_images(model, image_embeddings, "a dog jumping over a fence", valid_df["image"].values)

# %%
retrieve_images(model, image_embeddings, "people at the beach", valid_df["image"].values)

# %%
cls_clip = nn.Sequential(nn.Linear(2048, 10))
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, train_loader, epochs=100, supervised=False)
test(model.image_encoder, cls_clip, test_loader)

# %% [markdown]
# ## Report
# 1. pretrained, frozen: 30.89%
# 2. supervised: 42.60%
# 3. random, frozen: 25.10%
# 4. CLIP features: 80.05%

# %%
# !jupyter nbconvert --to pdf /content/ps7.ipynb
