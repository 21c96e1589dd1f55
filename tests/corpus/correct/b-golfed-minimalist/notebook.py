# %% [markdown]
# ps7, short version

# %%
import cv2, numpy as np, pandas as pd, torch, torchvision as tv, albumentations as A, matplotlib.pyplot as plt
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader as DL, Dataset, random_split
from torchvision import transforms as T
from tqdm import tqdm_notebook as tq
from transformers import AutoModel, AutoTokenizer
device = "cuda"
S = lambda s, *t: tv.datasets.STL10(".", s, transform=T.Compose([*t, T.ToTensor()]), download=True)
U = random_split(S("unlabeled", T.RandomHorizontalFlip(), T.RandomCrop(64)), [10000, 90000])[0]
U, R, V = DL(U, 128, True), DL(S("train", T.CenterCrop(64)), 128, True), DL(S("test", T.CenterCrop(64)), 128)
L = lambda l, a, r: [m for i, o in zip(a, a[1:]) for m in (l(i, o, 4, 2, 1), r)]  # layers and activations, alternately


# %%
class Encoder(nn.Sequential):
    def __init__(s, in_channels=3): super().__init__(*L(nn.Conv2d, [3, 12, 24, 48, 24], nn.ReLU()))


class Decoder(nn.Sequential):
    def __init__(s, out_channels=3, feat_dim=64): super().__init__(*L(nn.ConvTranspose2d, [24, 48, 24, 12, 3], nn.ReLU())[:-1], nn.Sigmoid())


class Autoencoder(nn.Module):
    def __init__(s): super().__init__(); s.encoder, s.decoder = Encoder(), Decoder()
    def forward(s, x): return s.decoder(s.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer, criterion, loss_traj = optim.Adam(model.parameters(), lr=1e-3), nn.MSELoss(), []
    for _ in tq(range(epochs)):
        t = 0
        for x, _ in dataloader:
            x = x.to(device); optimizer.zero_grad(); loss = criterion(model(x), x); loss.backward(); optimizer.step(); t += loss.item()
        loss_traj += [t]
    return model, loss_traj


m, l = train_ae(Autoencoder().to(device), U, 100); plt.plot(l)


# %%
def visualize_recon(m, d):
    x = next(iter(d))[0][:8].to(device); plt.imshow(torch.cat([torch.cat([*z], 2) for z in (x, m(x))], 1).permute(1, 2, 0).detach().cpu()); plt.show()


visualize_recon(m, V)
feat_dim = 384


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam([*cls.parameters()] + supervised * [*encoder.parameters()], lr=1e-3, weight_decay=1e-4); loss_traj = []
    for _ in tq(range(epochs)):
        t = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device); outs = cls(encoder(x).view(len(x), -1)); loss = F.cross_entropy(outs, y)
            optimizer.zero_grad(); loss.backward(); optimizer.step(); t += loss.item()
        loss_traj += [t]
    return cls, loss_traj


@torch.no_grad()
def test(encoder, cls, dataloader):
    a = torch.cat([cls(encoder(x.to(device)).view(len(x), -1)).argmax(1).cpu() == y for x, y in dataloader]).float().mean().item(); print(a); return a


C = lambda d=feat_dim: nn.Sequential(nn.Linear(d, 10)).to(device)

# %%
# Method I
c, _ = train_classifier(m.encoder, C(), R, supervised=False); test(m.encoder, c, V)
# %%
# Method II
e = Encoder().to(device); c, _ = train_classifier(e, C(), R, supervised=True); test(e, c, V)
# %%
# Method III
e = Encoder().to(device); c, _ = train_classifier(e, C(), R, supervised=False); test(e, c, V)

# %%
image_path, batch_size, image_encoder_model, text_encoder_model, text_tokenizer = "Images", 32, "resnet50", *["distilbert-base-uncased"] * 2
image_embedding, text_embedding, projection_dim, temperature, epochs = 2048, 768, 256, .07, 3


class CLIPDataset(Dataset):
    def __init__(s, f, c, t, g): s.f, s.c, s.g, s.e = f, [*c], g, t([*c], padding=True, truncation=True, max_length=200)
    def __len__(s): return len(s.c)
    def __getitem__(s, i): return {k: torch.tensor(v[i]) for k, v in s.e.items()} | {"caption": s.c[i], "image": torch.tensor(s.g(image=cv2.cvtColor(cv2.imread(f"{image_path}/{s.f[i]}"), cv2.COLOR_BGR2RGB))["image"]).permute(2, 0, 1).float()}


def make_train_valid_dfs():
    d = pd.read_csv("captions.csv")[::5].reset_index(drop=True); np.random.seed(42); v = d.id.isin(np.random.choice(d.id, len(d) // 5, False))
    return d[~v].reset_index(drop=True), d[v].reset_index(drop=True)


def build_loaders(d, t, mode):
    return DL(CLIPDataset(d.image.values, d.caption.values, t, A.Compose([A.Resize(64, 64, always_apply=True), A.Normalize(always_apply=True)])), batch_size, mode == "train", num_workers=2, drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(s, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__(); s.model = tv.models.resnet50(tv.models.ResNet50_Weights.IMAGENET1K_V2); s.model.fc = nn.Identity(); s.requires_grad_(trainable)
    def forward(s, x): return s.model(x)


class TextEncoder(nn.Module):
    def __init__(s, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__(); s.model = AutoModel.from_pretrained(model_name).requires_grad_(trainable)
    def forward(s, input_ids, attention_mask): return s.model(input_ids=input_ids, attention_mask=attention_mask)[0][:, 0]


# %%
class ProjectionHead(nn.Linear):
    def __init__(s, embedding_dim, projection_dim=256): super().__init__(embedding_dim, projection_dim)
    def forward(s, x): return F.normalize(super().forward(x))


class CLIPModel(nn.Module):
    def __init__(s, temperature=.07, image_embedding=2048, text_embedding=768):
        super().__init__(); s.temperature, s.image_encoder, s.text_encoder = temperature, ImageEncoder(), TextEncoder()
        s.image_projection, s.text_projection = map(ProjectionHead, (image_embedding, text_embedding))
    def forward(s, batch):
        z = s.image_projection(s.image_encoder(batch["image"])) @ s.text_projection(s.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])).T / s.temperature
        loss = sum(F.cross_entropy(q, torch.arange(len(q), device="cuda")) for q in (z, z.T)) / 2
        return loss.mean()


# %%
G = lambda b: {k: v.to(device) for k, v in b.items() if k != "caption"}


def train_epoch(m, d, o):
    for b in tq(d): l = m(G(b)); o.zero_grad(); l.backward(); o.step()
    return l.item()


@torch.no_grad()
def valid_epoch(m, d): return np.mean([m(G(b)).item() for b in d])


D = make_train_valid_dfs(); k = AutoTokenizer.from_pretrained(text_tokenizer); a, b = map(build_loaders, D, [k] * 2, ("train", "valid"))
m = CLIPModel().to(device)
o = optim.AdamW([{"params": m.image_encoder.parameters(), "lr": 1e-4}, {"params": [*m.image_projection.parameters(), *m.text_projection.parameters()]}], lr=1e-3, weight_decay=1e-3)
for _ in range(epochs): m.train(); print(train_epoch(m, a, o)); m.eval(); print(valid_epoch(m, b))
torch.save(m.state_dict(), "m.pt")


# %%
@torch.no_grad()
def get_image_embeddings(d, p):
    m = CLIPModel().to(device); m.load_state_dict(torch.load(p)); m.eval()
    return m, torch.cat([m.image_projection(m.image_encoder(b["image"].to(device))) for b in build_loaders(d, k, "valid")])


@torch.no_grad()
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    q = AutoTokenizer.from_pretrained(text_tokenizer)([query], return_tensors="pt").to(device)
    t = model.text_projection(model.text_encoder(input_ids=q["input_ids"], attention_mask=q["attention_mask"]))
    matches = image_filenames[(image_embeddings @ t[0]).topk(k).indices.tolist()]
    for f, x in zip(matches, plt.subplots(3, 3)[1].flat): x.imshow(cv2.imread(f"{image_path}/{f}")[..., ::-1]); x.axis("off")
    plt.show()


m, E = get_image_embeddings(D[1], "m.pt")
for q in "dogs on the grass", "a man surfing", "red car": retrieve_images(m, E, q, D[1].image.values)

# %%
c, _ = train_classifier(m.image_encoder, C(2048), R); test(m.image_encoder, c, V)

# %% [markdown]
# **Report.** I .319 / II .433 / III .247 / CLIP .804

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
