# %% [markdown]
# # PS 7 - Representation Learning
# Name: ________  (worked alone)

# %%
from google.colab import drive, files
drive.mount('/content/drive', force_remount=True)
# %cd /content/drive/MyDrive/PS7

# %%
# !pip install torchsummary transformers
# !pip install -U albumentations
import os
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import cv2
import albumentations as A
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
from torchvision import models, transforms
from torchsummary import summary
from tqdm.notebook import tqdm_notebook
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(device)   # should say cuda !!!

# %%
unlabeled_transforms = transforms.Compose([transforms.RandomHorizontalFlip(p=0.5), transforms.RandomCrop(64), transforms.ToTensor()])
labeled_transforms = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
u = torchvision.datasets.STL10('/content/data', split='unlabeled', transform=unlabeled_transforms, download=True)
u, _ = torch.utils.data.random_split(u, [10000, 90000])
tr = torchvision.datasets.STL10('/content/data', split='train', transform=labeled_transforms, download=True)
te = torchvision.datasets.STL10('/content/data', split='test', transform=labeled_transforms, download=True)
unlabeled_loader = torch.utils.data.DataLoader(u, batch_size=128, shuffle=True, num_workers=2)
train_loader = torch.utils.data.DataLoader(tr, batch_size=128, shuffle=True, num_workers=2)
test_loader = torch.utils.data.DataLoader(te, batch_size=128, shuffle=False, num_workers=2)
print(len(u), len(tr), len(te))


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        # output size = (64 + 2*1 - 4)/2 + 1 = 32, then 16, 8, 4
        self.conv1 = nn.Conv2d(3, 12, 4, 2, 1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(12, 24, 4, 2, 1)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(24, 48, 4, 2, 1)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(48, 24, 4, 2, 1)
        self.relu4 = nn.ReLU()

    def forward(self, x):
        x = self.conv1(x)
        x = self.relu1(x)
        x = self.conv2(x)
        x = self.relu2(x)
        x = self.conv3(x)
        x = self.relu3(x)
        x = self.conv4(x)
        x = self.relu4(x)
        return x


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.deconv1 = nn.ConvTranspose2d(24, 48, 4, 2, 1)
        self.relu1 = nn.ReLU()
        self.deconv2 = nn.ConvTranspose2d(48, 24, 4, 2, 1)
        self.relu2 = nn.ReLU()
        self.deconv3 = nn.ConvTranspose2d(24, 12, 4, 2, 1)
        self.relu3 = nn.ReLU()
        self.deconv4 = nn.ConvTranspose2d(12, 3, 4, 2, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        x = self.deconv1(x)
        x = self.relu1(x)
        x = self.deconv2(x)
        x = self.relu2(x)
        x = self.deconv3(x)
        x = self.relu3(x)
        x = self.deconv4(x)
        x = self.sigmoid(x)
        return x


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
summary(Encoder().cuda(), (3, 64, 64))

# %%
summary(Decoder().cuda(), (24, 4, 4))

# %%
ae_checkpoint = "ae_last.pt"


def train_ae(model, dataloader, epochs=200):
    model = model.to(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for (images, _) in dataloader:
            images = images.to(device)
            # step 1: forward
            reconstructed = model(images)
            # step 2: loss
            loss = criterion(reconstructed, images)
            # step 3: backward
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        print('epoch', epoch + 1, 'loss', round(loss_epoch, 4))
        loss_traj.append(loss_epoch)
        # colab disconnected twice, so keep the weights
        torch.save({'epoch': epoch, 'model': model.state_dict(), 'loss_traj': loss_traj}, ae_checkpoint)
    model.load_state_dict(torch.load(ae_checkpoint)['model'])
    return model, loss_traj


def visualize_recon(model, dataloader):
    images, _ = next(iter(dataloader))
    with torch.no_grad():
        rec = model(images.to(device))
    grid = torchvision.utils.make_grid(torch.cat((images[:8], rec[:8].cpu()), 0), nrow=8)
    plt.figure(figsize=(12, 4)); plt.imshow(grid.permute(1, 2, 0)); plt.axis('off'); plt.show()


# %%
ae = Autoencoder()
ae, loss_traj_ae = train_ae(ae, unlabeled_loader, epochs=100)
plt.plot(loss_traj_ae)
visualize_recon(ae, test_loader)


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=0.001, weight_decay=1e-4)
        for param in encoder.parameters():
            param.requires_grad = True
    else:
        for param in encoder.parameters():
            param.requires_grad = False
        encoder.eval()
    criterion = nn.CrossEntropyLoss()
    encoder.to(device)
    cls.to(device)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for (images, labels) in dataloader:
            images = images.to(device)
            labels = torch.tensor(labels.tolist(), dtype=torch.long, device=device)
            features = encoder(images)
            features = features.view(images.shape[0], -1)   # N x 384
            outs = cls(features)
            loss = criterion(outs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    print('final loss', loss_traj[-1])
    return cls, loss_traj


def test(encoder, cls, dataloader):
    encoder.eval()
    good, bad = 0, 0
    with torch.no_grad():
        for (images, labels) in dataloader:
            p = cls(encoder(images.to(device)).view(images.shape[0], -1)).argmax(1)
            g = (p == labels.to(device)).sum().item()
            good += g
            bad += len(labels) - g
    print('Accuracy = %d / %d = %.4f' % (good, good + bad, good / (good + bad)))


# %% [markdown]
# **Method I**

# %%
feat_dim = 24 * 4 * 4
cls1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls1, l1 = train_classifier(ae.encoder, cls1, train_loader, epochs=100, supervised=False)
test(ae.encoder, cls1, test_loader)

# %% [markdown]
# **Method II**

# %%
enc2 = Encoder()
cls2 = nn.Sequential(nn.Linear(feat_dim, 10))
cls2, l2 = train_classifier(enc2, cls2, train_loader, epochs=100, supervised=True)
test(enc2, cls2, test_loader)

# %% [markdown]
# **Method III**

# %%
enc3 = Encoder()
cls3 = nn.Sequential(nn.Linear(feat_dim, 10))
cls3, l3 = train_classifier(enc3, cls3, train_loader, epochs=100, supervised=False)
test(enc3, cls3, test_loader)

# %% [markdown]
# # 7.2

# %%
# !unzip -qn flickr8k.zip -d /content/flickr8k
image_path = "/content/flickr8k/Images"
captions_path = "/content/flickr8k"
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
weight_decay = 1e-3
epochs = 3
image_encoder_model = 'resnet50'
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
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(list(captions), padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {key: torch.tensor(values[idx]) for key, values in self.encoded_captions.items()}
        image = cv2.imread(os.path.join(image_path, self.image_filenames[idx]))
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = self.transforms(image=image)['image']
        item['image'] = torch.tensor(image).permute(2, 0, 1).float()
        item['caption'] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def get_transforms():
    return A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])


def make_train_valid_dfs():
    df = pd.read_csv(os.path.join(captions_path, 'captions.csv'))
    df = df.groupby('id', as_index=False).first()
    np.random.seed(42)
    valid_ids = np.random.choice(df['id'].values, size=int(0.2 * len(df)), replace=False)
    return df[~df['id'].isin(valid_ids)].reset_index(drop=True), df[df['id'].isin(valid_ids)].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    ds = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=get_transforms())
    return torch.utils.data.DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=True):
        super().__init__()
        self.model = models.resnet50(pretrained=True)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=pretrained, trainable=False):
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
        return output.last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.linear = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        y = self.linear(x)
        y = F.normalize(y, dim=-1)
        return y


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
        # L(I,T)
        logits_I = torch.matmul(image_embeddings, torch.t(text_embeddings)) / self.temperature
        # L(T,I)
        logits_T = torch.matmul(text_embeddings, torch.t(image_embeddings)) / self.temperature
        # correct caption of image i is caption i
        labels = torch.tensor(range(image_embeddings.shape[0]), device=device)
        criterion = nn.CrossEntropyLoss()
        loss = (criterion(logits_I, labels) + criterion(logits_T, labels)) / 2
        return loss.mean()


# %%
def train_epoch(model, loader, optimizer):
    losses = []
    for batch in tqdm_notebook(loader, total=len(loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def valid_epoch(model, loader):
    losses = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader, total=len(loader)):
            batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
            losses.append(model(batch).item())
    return sum(losses) / len(losses)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
clip_train = build_loaders(train_df, tokenizer, "train")
clip_valid = build_loaders(valid_df, tokenizer, "valid")
model = CLIPModel().to(device)
optimizer = optim.AdamW([{"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
                         {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()),
                          "lr": head_lr, "weight_decay": weight_decay}])
best_loss = 1e9
for epoch in range(epochs):
    model.train()
    tl = train_epoch(model, clip_train, optimizer)
    model.eval()
    vl = valid_epoch(model, clip_valid)
    print("Epoch %d: train %.4f, valid %.4f" % (epoch + 1, tl, vl))
    if vl < best_loss:
        best_loss = vl
        torch.save(model.state_dict(), "best.pt")
        print("saved")

# %%
files.download("best.pt")


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            image_embeddings.append(model.image_projection(model.image_encoder(batch["image"].to(device))))
    return model, torch.cat(image_embeddings)


model, image_embeddings = get_image_embeddings(valid_df, "best.pt")
np.save("image_embeddings.npy", image_embeddings.cpu().numpy())


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values, device=device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # (1 x 256) x (256 x N) = 1 x N
    dot = text_embeddings @ image_embeddings.to(device).T
    _, indices = torch.topk(dot, k, dim=1)
    matches = image_filenames[indices.cpu().numpy()]    # 1 x k

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches[0], axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df['image'].values, k=9)

# %%
retrieve_images(model, image_embeddings, query="two girls smiling", image_filenames=valid_df['image'].values, k=9)

# %%
cls4 = nn.Sequential(nn.Linear(2048, 10))
cls4, l4 = train_classifier(model.image_encoder, cls4, train_loader, epochs=100, supervised=False)
test(model.image_encoder, cls4, test_loader)

# %% [markdown]
# # Report
# - Method I: 0.3196
# - Method II: 0.4288
# - Method III: 0.2541
# - CLIP: 0.8034

# %%
# !apt-get install texlive texlive-xetex texlive-latex-extra pandoc
# !jupyter nbconvert --to PDF "/content/drive/MyDrive/PS7/PS7.ipynb"
files.download("/content/drive/MyDrive/PS7/PS7.pdf")
