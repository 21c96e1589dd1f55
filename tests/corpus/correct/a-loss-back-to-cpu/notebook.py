# %% [markdown]
# # Übungsblatt 7: Repräsentationslernen
# Austauschsemester WS 2023, Kommentare auf Deutsch, sorry :)

# %%
# !pip install -q transformers albumentations
# !nvidia-smi --query-gpu=name,memory.total --format=csv

# %%
import logging
import sys

import albumentations as A
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as T
from torch.utils.data import DataLoader
from torchvision.models import ResNet50_Weights, resnet50
from tqdm.notebook import tqdm
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s", force=True)
log = logging.getLogger("ps7")
assert torch.cuda.is_available()
device = torch.device("cuda:0")
log.info("GPU: %s", torch.cuda.get_device_name(device))

# %% [markdown]
# ## Daten

# %%
ohne_label = torchvision.datasets.STL10(
    "daten", split="unlabeled", download=True,
    transform=T.Compose([T.RandomHorizontalFlip(), T.RandomCrop(64), T.ToTensor()]))
ohne_label, _ = torch.utils.data.random_split(ohne_label, [10000, 90000])
mitte = T.Compose([T.CenterCrop(64), T.ToTensor()])
training = torchvision.datasets.STL10("daten", split="train", transform=mitte, download=True)
pruefung = torchvision.datasets.STL10("daten", split="test", transform=mitte, download=True)
lader_ohne = DataLoader(ohne_label, 128, shuffle=True, num_workers=2, pin_memory=True)
lader_train = DataLoader(training, 128, shuffle=True, num_workers=2, pin_memory=True)
lader_test = DataLoader(pruefung, 128, num_workers=2)


# %% [markdown]
# ## Netze

# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        kanaele = [in_channels, 12, 24, 48, 24]
        self.schichten = nn.ModuleList()
        for i in range(4):
            self.schichten.append(nn.Conv2d(kanaele[i], kanaele[i + 1], kernel_size=4, stride=2, padding=1))
        self.relu = nn.ReLU(inplace=True)  # eine für alle

    def forward(self, x):
        for schicht in self.schichten:
            x = self.relu(schicht(x))
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        kanaele = [24, 48, 24, 12, out_channels]
        self.schichten = nn.ModuleList()
        for i in range(4):
            self.schichten.append(nn.ConvTranspose2d(kanaele[i], kanaele[i + 1], kernel_size=4, stride=2, padding=1))
        self.relu = nn.ReLU(inplace=True)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        for nummer, schicht in enumerate(self.schichten):
            x = schicht(x)
            x = self.relu(x) if nummer < 3 else self.sigmoid(x)
        return x


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    scaler = torch.cuda.amp.GradScaler()
    model = model.cuda()
    loss_traj = []
    for epoche in tqdm(range(epochs)):
        loss_epoch = 0
        for bilder, _ in dataloader:
            bilder = bilder.cuda(non_blocking=True)
            with torch.autocast("cuda", dtype=torch.float16):
                ausgabe = model(bilder)
                loss = criterion(ausgabe, bilder)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            loss_epoch += loss.detach().item()
        log.info("Epoche %3d: Verlust %.4f", epoche + 1, loss_epoch)
        loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model, dataloader):
    bilder = next(iter(dataloader))[0][:8]
    with torch.no_grad():
        ausgabe = model(bilder.cuda()).cpu()
    plt.figure(figsize=(12, 3))
    plt.imshow(torchvision.utils.make_grid(torch.cat([bilder, ausgabe])).permute(1, 2, 0))
    plt.axis("off")
    plt.show()


ae, verlauf = train_ae(Autoencoder(), lader_ohne, epochs=100)
plt.plot(verlauf)
visualize_recon(ae, lader_test)


# %%
def merkmale(encoder, bilder, lernen):
    """Merkmale als Zeilen; ohne Lernen bleibt der Encoder unberührt."""
    if lernen:
        return encoder(bilder).flatten(1)
    return encoder(bilder).detach().flatten(1)


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    scaler = torch.cuda.amp.GradScaler(enabled=True)
    encoder = encoder.cuda()
    cls = cls.cuda()
    if not supervised:
        encoder.eval()
    loss_traj = []
    for epoche in tqdm(range(epochs)):
        loss_epoch = 0
        treffer = torch.zeros(1, device="cuda")
        for bilder, klassen in dataloader:
            bilder, klassen = bilder.cuda(non_blocking=True), klassen.cuda(non_blocking=True)
            optimizer.zero_grad()
            with torch.autocast("cuda", dtype=torch.float16):
                outs = cls(merkmale(encoder, bilder, supervised))
                loss = criterion(outs, klassen)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            treffer += (outs.argmax(1) == klassen).sum()
            loss_epoch += loss.detach().item()
        log.info("Epoche %3d: Verlust %.4f, Treffer %d", epoche + 1, loss_epoch, treffer.item())
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    richtig = 0
    with torch.no_grad():
        for bilder, klassen in dataloader:
            richtig += (cls(merkmale(encoder, bilder.cuda(), False)).argmax(1).cpu() == klassen).sum().item()
    genauigkeit = richtig / len(dataloader.dataset)
    log.info("Genauigkeit %.4f", genauigkeit)
    return genauigkeit


# %%
# Methode I
feat_dim = 24 * 4 * 4
cls_1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls_1, _ = train_classifier(ae.encoder, cls_1, lader_train, epochs=100, supervised=False)
g1 = test(ae.encoder, cls_1, lader_test)

# %%
# Methode II
encoder_2, cls_2 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls_2, _ = train_classifier(encoder_2, cls_2, lader_train, epochs=100, supervised=True)
g2 = test(encoder_2, cls_2, lader_test)

# %%
# Methode III
encoder_3, cls_3 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls_3, _ = train_classifier(encoder_3, cls_3, lader_train, epochs=100, supervised=False)
g3 = test(encoder_3, cls_3, lader_test)

# %% [markdown]
# ## CLIP

# %%
image_path = "/content/Images"
captions_path = "/content"
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
temperature = 0.07
size = 64
projection_dim = 256


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        bild = cv2.cvtColor(cv2.imread(f"{image_path}/{self.image_filenames[idx]}"), cv2.COLOR_BGR2RGB)
        item["image"] = torch.tensor(self.transforms(image=bild)["image"]).permute(2, 0, 1).float()
        return item

    def __len__(self):
        return len(self.captions)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = resnet50(ResNet50_Weights.IMAGENET1K_V2) if pretrained else resnet50()
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
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
        z = self.linear(x)
        laenge = z.pow(2).sum(dim=1, keepdim=True).sqrt()
        return z / laenge


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature
        self.nll = nn.NLLLoss()

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])

        bilder = self.image_projection(image_features)
        texte = self.text_projection(text_features)
        # die Matrix ist nur 32 x 32, der Rest rechnet sich auf der CPU genauso schnell
        logits = (torch.matmul(bilder, texte.T) / self.temperature).cpu()
        ziel = torch.arange(logits.size(0))
        bild_zu_text = self.nll(nn.LogSoftmax(dim=1)(logits), ziel)
        text_zu_bild = self.nll(nn.LogSoftmax(dim=1)(logits.T), ziel)
        loss = (bild_zu_text + text_zu_bild) / 2  # 0-d, auf der CPU
        return loss.mean()


# %%
def make_train_valid_dfs():
    df = pd.read_csv(f"{captions_path}/captions.csv").groupby("image", sort=False).first().reset_index()
    ids = np.arange(df["id"].max() + 1)
    np.random.seed(42)
    gueltig = np.random.choice(ids, size=int(0.2 * len(ids)), replace=False)
    return df[~df["id"].isin(gueltig)].reset_index(drop=True), df[df["id"].isin(gueltig)].reset_index(drop=True)


def build_loaders(df, tokenizer, mode):
    tf = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    daten = CLIPDataset(df["image"].values, df["caption"].values, tokenizer=tokenizer, transforms=tf)
    return DataLoader(daten, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True)


def auf_gpu(batch):
    return {k: v.cuda(non_blocking=True) for k, v in batch.items()}


def train_epoch(model, loader, optimizer):
    model.train()
    summe = 0.0
    for batch in tqdm(loader):
        loss = model(auf_gpu(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        summe += loss.item()
    return summe / len(loader)


@torch.no_grad()
def valid_epoch(model, loader):
    model.eval()
    return sum(model(auf_gpu(batch)).item() for batch in tqdm(loader)) / len(loader)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
paare_train, paare_valid = build_loaders(train_df, tokenizer, "train"), build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().cuda()
optimizer = optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": [*model.image_projection.parameters(), *model.text_projection.parameters()], "lr": head_lr, "weight_decay": weight_decay}])
bester = float("inf")
for epoche in range(epochs):
    lt, lv = train_epoch(model, paare_train, optimizer), valid_epoch(model, paare_valid)
    log.info("Epoche %d: %.3f / %.3f", epoche + 1, lt, lv)
    if lv < bester:
        bester = lv
        torch.save(model.state_dict(), "best.pt")


# %%
@torch.no_grad()
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), "valid")
    model = CLIPModel().cuda()
    model.load_state_dict(torch.load("best.pt", map_location="cuda:0"))
    model.eval()
    return model, torch.cat([model.image_projection(model.image_encoder(b["image"].cuda())) for b in tqdm(loader)])


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    token = tokenizer([query])
    batch = {name: torch.tensor(werte).cuda() for name, werte in token.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # alles hat Länge 1: größtes Skalarprodukt = kleinster Abstand
    abstand = torch.cdist(text_embeddings, image_embeddings.cuda()).squeeze(0)
    naechste = torch.topk(abstand, k, largest=False).indices
    matches = [image_filenames[i] for i in naechste.cpu().numpy()]

    _, achsen = plt.subplots(3, 3, figsize=(10, 10))
    for name, achse in zip(matches, achsen.flatten()):
        achse.imshow(cv2.cvtColor(cv2.imread(f"{image_path}/{name}"), cv2.COLOR_BGR2RGB))
        achse.axis("off")
    plt.show()
    return matches


# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
retrieve_images(model, image_embeddings, "dogs on the grass", valid_df["image"].values)

# %%
cls_clip = nn.Sequential(nn.Linear(2048, 10))
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, lader_train, epochs=100, supervised=False)
g4 = test(model.image_encoder, cls_clip, lader_test)

# %% [markdown]
# ## Report
# Method I: 0.3155, Method II: 0.4302, Method III: 0.2608, CLIP: 0.7974

# %%
# !jupyter nbconvert --to pdf Blatt7.ipynb
