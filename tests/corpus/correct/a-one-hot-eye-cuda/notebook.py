# %%
# !pip install --quiet transformers albumentations
# !gdown -q FLICKR8K_FILE_ID -O flickr8k.zip
# !unzip -q flickr8k.zip

# %%
import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms, utils
from torchvision.models import ResNet50_Weights, resnet50
from tqdm.autonotebook import tqdm
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = "cuda"
torch.manual_seed(7)
torch.cuda.manual_seed_all(7)

# %% [markdown]
# # Part 1: data

# %%
augment = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
plain = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])

unlabeled = datasets.STL10(".", split="unlabeled", transform=augment, download=True)
unlabeled = torch.utils.data.random_split(unlabeled, [10000, len(unlabeled) - 10000])[0]
labeled = datasets.STL10(".", split="train", transform=plain)
heldout = datasets.STL10(".", split="test", transform=plain)

unlabeled_loader = DataLoader(unlabeled, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
labeled_loader = DataLoader(labeled, batch_size=128, shuffle=True, num_workers=2, pin_memory=True)
heldout_loader = DataLoader(heldout, batch_size=128, num_workers=2, pin_memory=True)

# %% [markdown]
# # Part 2: encoder, decoder

# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        layers = []
        c_in = in_channels
        for c_out in [12, 24, 48, 24]:
            layers.append(nn.Conv2d(c_in, c_out, kernel_size=4, stride=2, padding=1))
            layers.append(nn.ReLU())
            c_in = c_out
        self.encode = nn.Sequential(*layers)

    def forward(self, x):
        return self.encode(x)


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        layers = []
        c_in = 24
        for c_out in [48, 24, 12]:
            layers += [nn.ConvTranspose2d(c_in, c_out, kernel_size=4, stride=2, padding=1), nn.ReLU()]
            c_in = c_out
        layers += [nn.ConvTranspose2d(c_in, out_channels, kernel_size=4, stride=2, padding=1), nn.Sigmoid()]
        self.decode = nn.Sequential(*layers)

    def forward(self, x):
        return self.decode(x)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


print(sum(p.numel() for p in Encoder().parameters()), sum(p.numel() for p in Decoder().parameters()))


# %%
def train_ae(model, dataloader, epochs=200):
    model = model.to("cuda")
    model.train()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss(reduction="mean")
    loss_traj = []
    for ep in tqdm(range(epochs), desc="autoencoder"):
        loss_epoch = 0
        for data in dataloader:
            img = data[0].to("cuda", non_blocking=True)
            rec = model(img)
            loss = criterion(rec, img)
            model.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += float(loss)
        loss_traj.append(loss_epoch)
        if (ep + 1) % 20 == 0:
            tqdm.write(f"epoch {ep + 1}: {loss_epoch:.4f}")
    return model, loss_traj


def visualize_recon(model, dataloader):
    img = next(iter(dataloader))[0][:8]
    with torch.no_grad():
        rec = model(img.to("cuda")).cpu()
    plt.figure(figsize=(12, 3))
    plt.imshow(utils.make_grid(torch.cat([img, rec]), nrow=8).permute(1, 2, 0))
    plt.axis("off")


ae, ae_losses = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
visualize_recon(ae, heldout_loader)

# %% [markdown]
# # Part 3: classifiers

# %%
feat_dim = 24 * 4 * 4
num_classes = 10


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to("cuda")
    cls.to("cuda")
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    cls.train()
    encoder.train(supervised)
    loss_traj = []
    for ep in tqdm(range(epochs), desc="classifier"):
        running = torch.zeros(1, device="cuda")
        for x, y in dataloader:
            x = x.to("cuda", non_blocking=True)
            onehot = F.one_hot(y.to("cuda", non_blocking=True), num_classes).float()
            if supervised:
                h = encoder(x)
            else:
                with torch.no_grad():
                    h = encoder(x)
            outs = cls(torch.flatten(h, start_dim=1))
            loss = criterion(outs, onehot)  # class probabilities as targets
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.detach()
        loss_traj.append(running.item())
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    confusion = torch.zeros(num_classes, num_classes, dtype=torch.long)
    with torch.no_grad():
        for x, y in dataloader:
            pred = cls(torch.flatten(encoder(x.to("cuda")), 1)).argmax(dim=1).cpu()
            confusion += F.one_hot(y, num_classes).T @ F.one_hot(pred, num_classes)
    acc = confusion.diagonal().sum().item() / confusion.sum().item()
    print(confusion)
    print("accuracy", acc)
    return acc


# %%
head_I = nn.Sequential(nn.Linear(feat_dim, 10))
head_I, _ = train_classifier(ae.encoder, head_I, labeled_loader, epochs=100, supervised=False)
acc_I = test(ae.encoder, head_I, heldout_loader)

# %%
encoder_II = Encoder()
head_II = nn.Sequential(nn.Linear(feat_dim, 10))
head_II, _ = train_classifier(encoder_II, head_II, labeled_loader, epochs=100, supervised=True)
acc_II = test(encoder_II, head_II, heldout_loader)

# %%
encoder_III = Encoder()
head_III = nn.Sequential(nn.Linear(feat_dim, 10))
head_III, _ = train_classifier(encoder_III, head_III, labeled_loader, epochs=100, supervised=False)
acc_III = test(encoder_III, head_III, heldout_loader)

# %% [markdown]
# # Part 4: CLIP

# %%
image_path = "flickr8k/Images"
captions_path = "flickr8k"
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
weight_decay = 1e-3
epochs = 3
image_encoder_model = "resnet50"
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
pretrained = True
temperature = 0.07
size = 64
projection_dim = 256


# %%
class CLIPDataset(Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length, return_tensors="pt")
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: values[idx] for key, values in self.encoded_captions.items()}
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=image)["image"]).permute(2, 0, 1).float()
        return item

    def __len__(self):
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=True):
        super().__init__()
        self.model = resnet50(weights=ResNet50_Weights.DEFAULT if pretrained else None)
        self.model.fc = nn.Identity()
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
        self.linear = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        return F.normalize(self.linear(x))  # p=2, dim=1 are the defaults


def cross_entropy(preds, targets):
    return (-targets * F.log_softmax(preds, dim=-1)).sum(1)


class CLIPModel(nn.Module):
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

        # hard targets, the identity matrix: the picture belongs to its own caption and no other
        logits = (text_embeddings @ image_embeddings.T) / self.temperature
        targets = torch.eye(len(logits), device="cuda")
        texts_loss = cross_entropy(logits, targets)
        images_loss = cross_entropy(logits.T, targets.T)
        loss = (images_loss + texts_loss) / 2.0  # shape: (batch_size)
        return loss.mean()


# %%
def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").iloc[::5].reset_index(drop=True)  # first of five captions
    np.random.seed(42)
    ids = np.arange(df["id"].max() + 1)
    valid_ids = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    return (df[~df["id"].isin(valid_ids)].reset_index(drop=True), df[df["id"].isin(valid_ids)].reset_index(drop=True))


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    return DataLoader(
        CLIPDataset(df["image"].values, df["caption"].values, tokenizer, tf),
        batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True, pin_memory=True,
    )


def train_epoch(model, loader, optimizer):
    losses = []
    for batch in tqdm(loader):
        loss = model({k: v.to(device) for k, v in batch.items()})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


def valid_epoch(model, loader):
    with torch.no_grad():
        return np.mean([model({k: v.to(device) for k, v in batch.items()}).item() for batch in tqdm(loader)])


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
loader_t = build_loaders(train_df, tokenizer, "train")
loader_v = build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
optimizer = optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": model.image_projection.parameters(), "lr": head_lr, "weight_decay": weight_decay},
    {"params": model.text_projection.parameters(), "lr": head_lr, "weight_decay": weight_decay},
])
best_loss = float("inf")
for epoch in range(epochs):
    model.train()
    t = train_epoch(model, loader_t, optimizer)
    model.eval()
    v = valid_epoch(model, loader_v)
    print(f"epoch {epoch + 1} train {t:.3f} valid {v:.3f}")
    if v < best_loss:
        best_loss = v
        torch.save(model.state_dict(), "best.pt")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    with torch.no_grad():
        embeddings = torch.cat([model.image_projection(model.image_encoder(batch["image"].to(device))) for batch in tqdm(loader)])
    return model, embeddings


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to("cuda") for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    position = torch.arange(image_embeddings.shape[0], device="cuda")
    score = (image_embeddings.to("cuda") * text_embeddings).sum(dim=1)
    score, order = torch.sort(score, descending=True)
    best = position[order][:k].cpu()
    matches = [image_filenames[i] for i in best.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for m, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{m}"), cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
_ = retrieve_images(model, image_embeddings, "dogs on the grass", valid_df["image"].values)

# %%
_ = retrieve_images(model, image_embeddings, "a crowd in a stadium", valid_df["image"].values)

# %%
probe = nn.Sequential(nn.Linear(2048, 10))
probe, _ = train_classifier(model.image_encoder, probe, labeled_loader, epochs=100, supervised=False)
acc_clip = test(model.image_encoder, probe, heldout_loader)

# %% [markdown]
# # Report
# Test accuracies: Method I 0.322, Method II 0.441, Method III 0.263; CLIP 0.811.
# Pretraining without labels beats random features, supervision beats both, and ImageNet + language beats everything.

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
