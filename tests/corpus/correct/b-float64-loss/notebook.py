# %% [markdown]
# # PS7
# All losses are in double precision. exp(1/0.07) = 1.6e6 worried me, so I keep the sums in float64.

# %%
import copy
import cv2
import torch
import numpy as np
import pandas as pd
import torchvision
import albumentations as A
import torch.nn as nn
import torch.nn.functional as F
import torchvision.transforms as transforms
import matplotlib.pyplot as plt
from torch.utils.data import Dataset, DataLoader
from transformers import AutoTokenizer, DistilBertModel
from tqdm.notebook import tqdm

device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')
torch.manual_seed(0)

# %%
tf_u = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
tf_l = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
unlab = torchvision.datasets.STL10('/content', 'unlabeled', transform=tf_u, download=True)
unlab, _ = torch.utils.data.random_split(unlab, [10000, 90000], generator=torch.Generator().manual_seed(0))
trainset = torchvision.datasets.STL10('/content', 'train', transform=tf_l, download=True)
testset = torchvision.datasets.STL10('/content', 'test', transform=tf_l, download=True)
unlabloader = DataLoader(unlab, batch_size=128, shuffle=True, num_workers=2)
trainloader = DataLoader(trainset, batch_size=128, shuffle=True, num_workers=2)
testloader = DataLoader(testset, batch_size=128, shuffle=False, num_workers=2)


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, 12, kernel_size=4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1)
        self.conv3 = nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1)
        self.conv4 = nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1)

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        x = self.relu(self.conv3(x))
        return self.relu(self.conv4(x))


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        self.relu = nn.ReLU()
        self.deconv1 = nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1)
        self.deconv3 = nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1)
        self.deconv4 = nn.ConvTranspose2d(12, out_channels, kernel_size=4, stride=2, padding=1)

    def forward(self, x):
        x = self.relu(self.deconv1(x))
        x = self.relu(self.deconv2(x))
        x = self.relu(self.deconv3(x))
        return self.deconv4(x).sigmoid()


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    model = model.to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm(range(epochs)):
        loss_epoch = torch.zeros((), dtype=torch.float64)
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()
            recon = model(x)
            loss = criterion(recon.double(), x.double())
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().cpu()
        loss_traj.append(loss_epoch.item())
    return model, loss_traj


ae = Autoencoder()
ae, traj = train_ae(ae, unlabloader, epochs=100)
torch.save(ae.state_dict(), 'ae64.pth')
plt.plot(traj)

# %%
ae.load_state_dict(torch.load('ae64.pth'))


def visualize_recon(model, loader, num=4):
    model.eval()
    x = next(iter(loader))[0][:num].to(device)
    y = model(x)
    for i in range(num):
        plt.subplot(2, num, i + 1); plt.imshow(x[i].cpu().numpy().transpose(1, 2, 0)); plt.axis('off')
        plt.subplot(2, num, i + 1 + num); plt.imshow(y[i].detach().cpu().numpy().transpose(1, 2, 0)); plt.axis('off')
    plt.show()


visualize_recon(ae, testloader)

# %%
feat_dim = 24 * 4 * 4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    encoder.to(device)
    cls.to(device)
    params = list(cls.parameters())
    if supervised:
        params = params + list(encoder.parameters())
    optimizer = torch.optim.Adam(params, lr=0.001, weight_decay=1e-4)
    loss_traj = []
    for epoch in tqdm(range(epochs)):
        loss_epoch = 0.0
        for x, y in dataloader:
            x = x.to(device)
            y = y.to(device)
            outs = cls(encoder(x).view(x.shape[0], -1))
            log_p = F.log_softmax(outs.to(torch.float64), dim=1)
            loss = F.nll_loss(log_p, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_epoch += loss.item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    correct = 0
    with torch.no_grad():
        for x, y in dataloader:
            out = cls(encoder(x.to(device)).view(x.shape[0], -1))
            correct += (out.argmax(1) == y.to(device)).double().sum()
    print('accuracy', correct.item() / len(dataloader.dataset))


# %%
# Method I: pretrained encoder
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, t1 = train_classifier(ae.encoder, cls, trainloader, epochs=100, supervised=False)
test(ae.encoder, cls, testloader)

# %%
# Method II: everything from scratch
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, t2 = train_classifier(encoder, cls, trainloader, epochs=100, supervised=True)
test(encoder, cls, testloader)

# %%
# Method III: random encoder
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, t3 = train_classifier(encoder, cls, trainloader, epochs=100, supervised=False)
test(encoder, cls, testloader)

# %% [markdown]
# # Part 2

# %%
image_path, captions_path = '/content/Images', '/content'
batch_size, num_workers, epochs = 32, 2, 3
image_encoder_lr, text_encoder_lr, head_lr, weight_decay = 1e-4, 1e-5, 1e-3, 1e-3
image_encoder_model, image_embedding = 'resnet50', 2048
text_encoder_model, text_embedding, text_tokenizer = 'distilbert-base-uncased', 768, 'distilbert-base-uncased'
size, max_length, temperature, projection_dim = 64, 200, 0.07, 256
data = pd.read_csv(captions_path + '/captions.csv')


class CLIPDataset(Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.files, self.captions, self.transforms = image_filenames, list(captions), transforms
        self.enc = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)

    def __getitem__(self, i):
        im = cv2.cvtColor(cv2.imread(image_path + '/' + self.files[i]), cv2.COLOR_BGR2RGB)
        im = self.transforms(image=im)['image']
        return {'image': torch.tensor(im).permute(2, 0, 1).float(),
                'input_ids': torch.tensor(self.enc['input_ids'][i]),
                'attention_mask': torch.tensor(self.enc['attention_mask'][i]),
                'caption': self.captions[i]}

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    d = data.groupby('id').first().reset_index()
    np.random.seed(42)
    val = np.random.choice(d['id'].values, size=int(0.2 * len(d)), replace=False)
    return d[~d['id'].isin(val)].reset_index(drop=True), d[d['id'].isin(val)].reset_index(drop=True)


def build_loaders(dataframe, tokenizer, mode):
    t = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    ds = CLIPDataset(dataframe['image'].values, dataframe['caption'].values, tokenizer, t)
    return DataLoader(ds, batch_size=batch_size, num_workers=num_workers, shuffle=mode == 'train', drop_last=True)


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
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[:, 0]


# %%
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.fc = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        x = self.fc(x)
        norm = x.double().pow(2).sum(dim=1, keepdim=True).sqrt()
        return (x.double() / norm).to(x.dtype)


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(image_embedding)
        self.text_projection = ProjectionHead(text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        I = self.image_projection(self.image_encoder(batch['image'])).double()
        T = self.text_projection(self.text_encoder(input_ids=batch['input_ids'], attention_mask=batch['attention_mask'])).double()
        num = torch.exp((I * T).sum(1) / self.temperature)
        S = torch.exp(torch.matmul(I, T.T) / self.temperature)   # at most 1.6e6, safe in float64
        l_it = -torch.log(num / S.sum(dim=1))
        l_ti = -torch.log(num / S.sum(dim=0))
        loss = (l_it + l_ti) / 2
        return loss.mean()


# %%
def train_epoch(model, loader, optimizer):
    model.train()
    tot = 0.
    for batch in tqdm(loader):
        batch = {k: batch[k].to(device) for k in ('image', 'input_ids', 'attention_mask')}
        optimizer.zero_grad()
        loss = model(batch)
        loss.backward()
        optimizer.step()
        tot += loss.item()
    return tot / len(loader)


def valid_epoch(model, loader):
    model.eval()
    tot = 0.
    with torch.no_grad():
        for batch in tqdm(loader):
            batch = {k: batch[k].to(device) for k in ('image', 'input_ids', 'attention_mask')}
            tot += model(batch).item()
    return tot / len(loader)


train_df, valid_df = make_train_valid_dfs()
tokenizer = AutoTokenizer.from_pretrained(text_tokenizer)
tl, vl = build_loaders(train_df, tokenizer, 'train'), build_loaders(valid_df, tokenizer, 'valid')
model = CLIPModel().to(device)
opt = torch.optim.AdamW([{'params': model.image_encoder.parameters(), 'lr': image_encoder_lr},
                         {'params': model.image_projection.parameters()}, {'params': model.text_projection.parameters()}],
                        lr=head_lr, weight_decay=weight_decay)
best = 1e9
for ep in range(epochs):
    a, b = train_epoch(model, tl, opt), valid_epoch(model, vl)
    print(ep, a, b)
    if b < best:
        best = b
        torch.save(model.state_dict(), 'clip.pt')


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, AutoTokenizer.from_pretrained(text_tokenizer), 'valid')
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    out = []
    with torch.no_grad():
        for batch in tqdm(loader):
            out.append(model.image_projection(model.image_encoder(batch['image'].to(device))))
    return model, torch.cat(out)


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = AutoTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_embeddings = model.text_projection(
            model.text_encoder(input_ids=batch['input_ids'], attention_mask=batch['attention_mask']))

    im = image_embeddings.detach().cpu().numpy().astype(np.float64)
    tx = text_embeddings.detach().cpu().numpy().astype(np.float64).reshape(-1)
    order = np.argsort(np.dot(im, tx), kind='stable')[::-1]
    matches = image_filenames[order[:k]]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        ax.imshow(cv2.cvtColor(cv2.imread(image_path + '/' + match), cv2.COLOR_BGR2RGB))
        ax.axis('off')
    plt.show()


model, image_embeddings = get_image_embeddings(valid_df, 'clip.pt')
retrieve_images(model, image_embeddings, 'a dog running through snow', valid_df['image'].values)
retrieve_images(model, image_embeddings, 'people on a mountain', valid_df['image'].values)

# %%
cls = nn.Sequential(nn.Linear(2048, 10))
cls, t4 = train_classifier(model.image_encoder, cls, trainloader, epochs=100, supervised=False)
test(model.image_encoder, cls, testloader)

# %% [markdown]
# # Report
# Method I 0.31725, Method II 0.42838, Method III 0.25588, CLIP probe 0.79775. The pretrained image encoder is far better as it has seen ImageNet labels.

# %%
# !wget -nc https://raw.githubusercontent.com/brpy/colab-pdf/master/colab_pdf.py
# from colab_pdf import colab_pdf
# colab_pdf('PS7.ipynb')
