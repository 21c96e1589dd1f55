# %% [markdown]
# # EECS 504 PS7
# run on the lab machine (2 x GTX 1080 Ti), jupyter notebook

# %%
# %matplotlib inline
import os
os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"

import numpy as np
import pandas as pd
import cv2
import albumentations as A
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable
import torchvision
import torchvision.transforms as transforms
from torchvision import models
import matplotlib.pyplot as plt
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

device = torch.device('cuda')
n_gpu = torch.cuda.device_count()
print('GPUs:', n_gpu)
torch.cuda.manual_seed_all(504)
torch.backends.cudnn.deterministic = True

# %% [markdown]
# ### Data

# %%
transform_u = transforms.Compose([transforms.RandomHorizontalFlip(),
                                  transforms.RandomCrop(64),
                                  transforms.ToTensor()])
transform_l = transforms.Compose([transforms.CenterCrop(64),
                                  transforms.ToTensor()])
unlabeled_set = torchvision.datasets.STL10('/scratch/stl10', split='unlabeled', transform=transform_u, download=True)
unlabeled_set, _ = torch.utils.data.random_split(unlabeled_set, [10000, 90000])
train_set = torchvision.datasets.STL10('/scratch/stl10', split='train', transform=transform_l, download=True)
test_set = torchvision.datasets.STL10('/scratch/stl10', split='test', transform=transform_l, download=True)
unlabeled_loader = torch.utils.data.DataLoader(unlabeled_set, batch_size=128, shuffle=True, num_workers=8, pin_memory=True)
train_loader = torch.utils.data.DataLoader(train_set, batch_size=128, shuffle=True, num_workers=8, pin_memory=True)
test_loader = torch.utils.data.DataLoader(test_set, batch_size=128, shuffle=False, num_workers=8, pin_memory=True)

# %% [markdown]
# ### Autoencoder

# %%
def conv(i, o):
    return nn.Conv2d(i, o, kernel_size=4, stride=2, padding=1)

def deconv(i, o):
    return nn.ConvTranspose2d(i, o, kernel_size=4, stride=2, padding=1)

class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.model = nn.Sequential(
            conv(in_channels, 12), nn.ReLU(True),
            conv(12, 24), nn.ReLU(True),
            conv(24, 48), nn.ReLU(True),
            conv(48, 24), nn.ReLU(True))

    def forward(self, x):
        return self.model(x)

class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.model = nn.Sequential(
            deconv(24, 48), nn.ReLU(True),
            deconv(48, 24), nn.ReLU(True),
            deconv(24, 12), nn.ReLU(True),
            deconv(12, out_channels), nn.Sigmoid())

    def forward(self, x):
        return self.model(x)

class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))

# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.cuda()
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for batch_idx, (x, _) in enumerate(dataloader):
            x = Variable(x.type(torch.cuda.FloatTensor))
            ## forward
            recon_x = model(x)
            loss = criterion(recon_x, x)
            ## backward
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

            loss_epoch += loss.detach().item()
        print('====> Epoch: {} loss: {:.4f}'.format(epoch, loss_epoch))
        loss_traj.append(loss_epoch)
    return model, loss_traj

def visualize_recon(model, dataloader):
    x, _ = next(iter(dataloader))
    with torch.no_grad():
        y = model(x.cuda()).cpu()
    fig = plt.figure(figsize=(10, 4))
    for i in range(5):
        plt.subplot(2, 5, i + 1); plt.imshow(np.transpose(x[i].numpy(), (1, 2, 0))); plt.axis('off')
        plt.subplot(2, 5, i + 6); plt.imshow(np.transpose(y[i].numpy(), (1, 2, 0))); plt.axis('off')
    plt.show()

# %%
ae_parallel = torch.nn.DataParallel(Autoencoder())
ae_parallel, ae_traj = train_ae(ae_parallel, unlabeled_loader, epochs=100)
ae = ae_parallel.module   # unwrap
torch.save(ae.state_dict(), 'ae.pt')
plt.plot(ae_traj)
visualize_recon(ae, test_loader)

# %% [markdown]
# ### Classifiers

# %%
feat_dim = 24*4*4

def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = torch.optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = torch.optim.Adam(list(cls.parameters()) + list(encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    encoder.cuda()
    cls.cuda()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x = x.type(torch.cuda.FloatTensor)
            y = y.type(torch.cuda.LongTensor)
            optimizer.zero_grad()
            feats = encoder(x)
            feats = feats.view(feats.size(0), -1)
            outs = cls(feats)
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()      # only knows cls if not supervised

            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj

def test(encoder, cls, dataloader):
    encoder.eval()
    cls.eval()
    correct = total = 0
    with torch.no_grad():
        for x, y in dataloader:
            outs = cls(encoder(x.cuda()).view(x.size(0), -1))
            _, predicted = torch.max(outs.data, 1)
            total += y.size(0)
            correct += (predicted.cpu() == y).sum().item()
    print('Test accuracy of the network: %.2f %%' % (100.0 * correct / total))

# %%
# Method I
cls_I = nn.Sequential(nn.Linear(feat_dim, 10))
cls_I, _ = train_classifier(ae.encoder, cls_I, train_loader, epochs=100, supervised=False)
test(ae.encoder, cls_I, test_loader)

# %%
# Method II
encoder_II = Encoder()
cls_II = nn.Sequential(nn.Linear(feat_dim, 10))
cls_II, _ = train_classifier(encoder_II, cls_II, train_loader, epochs=100, supervised=True)
test(encoder_II, cls_II, test_loader)

# %%
# Method III
encoder_III = Encoder()
cls_III = nn.Sequential(nn.Linear(feat_dim, 10))
cls_III, _ = train_classifier(encoder_III, cls_III, train_loader, epochs=100, supervised=False)
test(encoder_III, cls_III, test_loader)

# %% [markdown]
# ### CLIP

# %%
image_path = "/scratch/flickr8k/Images"
captions_path = "/scratch/flickr8k"
batch_size = 32
num_workers = 8
head_lr = 1e-3
image_encoder_lr = 1e-4
text_encoder_lr = 1e-5
weight_decay = 1e-3
epochs = 3
image_encoder_model = 'resnet50'
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
        image = self.transforms(image=image)['image']
        item['image'] = torch.tensor(image).permute(2, 0, 1).float()
        item['caption'] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)

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
        return output.last_hidden_state[:, self.target_token_idx, :]

# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super(ProjectionHead, self).__init__()
        self.model = nn.Sequential(nn.Linear(embedding_dim, projection_dim))

    def forward(self, x):
        x = self.model(x)
        return x / torch.sqrt(torch.sum(x ** 2, dim=1, keepdim=True))

class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super(CLIPModel, self).__init__()
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

        dots = torch.matmul(image_embeddings, text_embeddings.transpose(0, 1)).type(torch.cuda.FloatTensor) / self.temperature
        idx = torch.arange(dots.size(0)).type(torch.cuda.LongTensor)
        loss_it = -F.log_softmax(dots, dim=1)[idx, idx]      # rows: compare one image to all texts
        loss_ti = -F.log_softmax(dots, dim=0)[idx, idx]      # columns: one text to all images
        loss = (loss_it + loss_ti) / 2
        return loss.mean()

# %%
def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates('image', keep='first')
    image_ids = np.arange(0, dataframe["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    train_ids = np.setdiff1d(image_ids, valid_ids)
    return (dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True),
            dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True))

def build_loaders(dataframe, tokenizer, mode):
    tfs = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=tfs)
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, num_workers=num_workers,
                                       shuffle=True if mode == "train" else False, drop_last=True)

def train_epoch(model, train_loader, optimizer):
    s, n = 0.0, 0
    for batch in tqdm_notebook(train_loader, total=len(train_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch).mean()     # DataParallel gathers one loss per GPU
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        s += loss.item(); n += 1
    return s / n

def valid_epoch(model, valid_loader):
    s, n = 0.0, 0
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        s += model(batch).mean().item(); n += 1
    return s / n

# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
clip_train_loader = build_loaders(train_df, tokenizer, mode="train")
clip_valid_loader = build_loaders(valid_df, tokenizer, mode="valid")

# one GPU for this part: with two the loss would see only 16 pairs at a time
model = torch.nn.DataParallel(CLIPModel(), device_ids=[0]).cuda()
optimizer = torch.optim.AdamW([
    {"params": model.module.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": model.module.text_encoder.parameters(), "lr": text_encoder_lr},
    {"params": list(model.module.image_projection.parameters()) + list(model.module.text_projection.parameters()),
     "lr": head_lr, "weight_decay": weight_decay}
], weight_decay=0.)
best_loss = float('inf')
for epoch in range(epochs):
    model.train()
    train_loss = train_epoch(model, clip_train_loader, optimizer)
    model.eval()
    with torch.no_grad():
        valid_loss = valid_epoch(model, clip_valid_loader)
    print(f"Epoch {epoch + 1}: train {train_loss:.4f} valid {valid_loss:.4f}")
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.module.state_dict(), "best.pt")

# %%
def get_image_embeddings(valid_df, model_path):
    valid_loader = build_loaders(valid_df, DistilBertTokenizer.from_pretrained(text_tokenizer), mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    valid_image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            valid_image_embeddings.append(model.image_projection(model.image_encoder(batch["image"].to(device))))
    return model, torch.cat(valid_image_embeddings)

model, image_embeddings = get_image_embeddings(valid_df, "best.pt")

# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).type(torch.cuda.LongTensor) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarity = torch.matmul(image_embeddings.cuda(), text_embeddings.view(-1, 1)).view(-1)
    _, order = similarity.sort(dim=0, descending=True)
    matches = list(image_filenames[order[:k].cpu().numpy()])

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()

# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df['image'].values, k=9)

# %%
retrieve_images(model, image_embeddings, query="a climber on a rock", image_filenames=valid_df['image'].values, k=9)

# %%
# linear probe
cls_clip = nn.Sequential(nn.Linear(2048, 10))
model.image_encoder.eval()
for p in model.image_encoder.parameters():
    p.requires_grad = False
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, train_loader, epochs=100, supervised=False)
test(model.image_encoder, cls_clip, test_loader)

# %% [markdown]
# ### Report
# Method I: 30.55 %   Method II: 42.21 %   Method III: 24.77 %
#
# CLIP: 79.25 %

# %%
# !jupyter nbconvert --to pdf ps7_final.ipynb
