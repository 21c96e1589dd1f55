# %% [markdown]
# # EECS 504 PS7 — Representation Learning
# Starter code with TODOs. Blocks are written the way `timm` writes them.

# %%
# !pip install timm==0.6.12 transformers==4.30.2 -q

# %%
import os, cv2, gc, sys, math
import numpy as np
import pandas as pd
import itertools
from functools import partial
from tqdm import tqdm_notebook
from collections import OrderedDict
import albumentations as A
import matplotlib.pyplot as plt

import torch
from torch import nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as transforms
from torchvision.datasets import STL10
from torch.utils.data import DataLoader
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

device = 'cuda' if torch.cuda.is_available() else 'cpu'
_logger_enabled = True


# %%
_model_entrypoints = {}


def register_model(fn):
    _model_entrypoints[fn.__name__] = fn
    return fn


def create_model(model_name, **kwargs):
    if model_name not in _model_entrypoints:
        raise RuntimeError('Unknown model (%s)' % model_name)
    kwargs = {k: v for k, v in kwargs.items() if v is not None}
    return _model_entrypoints[model_name](**kwargs)


def named_apply(fn, module, name='', depth_first=True):
    for child_name, child in module.named_children():
        child_name = '.'.join((name, child_name)) if name else child_name
        named_apply(fn, child, child_name, depth_first)
    fn(module, name)
    return module


def _init_conv(module, name=''):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity='relu')
        nn.init.zeros_(module.bias)


# %% [markdown]
# ## 7.1 Autoencoder

# %%
class ConvAct(nn.Module):
    """ Conv + (norm) + act, cf. timm.layers.ConvNormAct. norm_layer stays Identity in this problem set. """

    def __init__(self, in_chs, out_chs, kernel_size=4, stride=2, padding=1, conv_layer=nn.Conv2d,
                 norm_layer=nn.Identity, act_layer=partial(nn.ReLU, inplace=True)):
        super().__init__()
        self.conv = conv_layer(in_chs, out_chs, kernel_size, stride=stride, padding=padding, bias=True)
        self.norm = norm_layer()
        self.act = act_layer()

    def forward(self, x):
        x = self.conv(x)
        x = self.norm(x)
        x = self.act(x)
        return x


DeconvAct = partial(ConvAct, conv_layer=nn.ConvTranspose2d)


class Encoder(nn.Module):
    def __init__(self, in_channels=3, chs=(12, 24, 48, 24), **kwargs):
        super().__init__()
        self.num_features = chs[-1]
        self.feature_info = []
        self.stages = nn.ModuleList()
        prev_chs, reduction = in_channels, 1
        for i, out_chs in enumerate(chs):
            self.stages.append(ConvAct(prev_chs, out_chs, **kwargs))
            reduction *= 2
            self.feature_info += [dict(num_chs=out_chs, reduction=reduction, module=f'stages.{i}')]
            prev_chs = out_chs
        named_apply(_init_conv, self)

    def forward_features(self, x):
        for stage in self.stages:
            x = stage(x)
        return x

    def forward(self, x):
        return self.forward_features(x)


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64, chs=(24, 48, 24, 12)):
        super().__init__()
        self.stages = nn.ModuleList()
        for i, (in_chs, out_chs) in enumerate(zip(chs, chs[1:] + (out_channels,))):
            is_last = i == len(chs) - 1
            self.stages.append(DeconvAct(in_chs, out_chs, act_layer=nn.Sigmoid if is_last else nn.ReLU))

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return x


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        x = self.encoder(x)
        x = self.decoder(x)
        return x


@register_model
def ps7_encoder(**kwargs):
    return Encoder(**kwargs)


@register_model
def ps7_autoencoder(**kwargs):
    return Autoencoder(**kwargs)


# %%
tf_unlabeled = transforms.Compose([transforms.RandomHorizontalFlip(p=0.5), transforms.RandomCrop(64), transforms.ToTensor()])
tf_labeled = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
ds_unlabeled = STL10('.', split='unlabeled', transform=tf_unlabeled, download=True)
ds_unlabeled, _ = torch.utils.data.random_split(ds_unlabeled, [10000, 90000])
ds_train = STL10('.', split='train', transform=tf_labeled, download=True)
ds_test = STL10('.', split='test', transform=tf_labeled, download=True)
dl_unlabeled = DataLoader(ds_unlabeled, batch_size=128, shuffle=True)
dl_train = DataLoader(ds_train, batch_size=128, shuffle=True)
dl_test = DataLoader(ds_test, batch_size=128)


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    model.train()
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            # TODO: forward, loss, backward, step
            loss = criterion(model(x), target=x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # END TODO
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return model, loss_traj


model_ae = create_model('ps7_autoencoder').to(device)
model_ae, losses = train_ae(model_ae, dl_unlabeled, epochs=100)
plt.plot([float(l) for l in losses]); plt.show()


# %%
def visualize_recon(model, dataloader):
    x = next(iter(dataloader))[0][:5].to(device)
    y = model(x).detach().cpu()
    f, axs = plt.subplots(2, 5)
    for i in range(5):
        axs[0, i].imshow(x[i].cpu().permute(1, 2, 0)); axs[1, i].imshow(y[i].permute(1, 2, 0))
    plt.show()


visualize_recon(model_ae, dl_test)

# %%
feat_dim = 24*4*4


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=0.0001)
    if supervised:
        optimizer = optim.Adam(list(encoder.parameters()) + list(cls.parameters()), lr=0.001, weight_decay=0.0001)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            # TODO
            outs = cls(encoder(x).view(x.size(0), -1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # END TODO
            loss_epoch += loss.detach()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    n_correct, n = 0, 0
    for x, y in dataloader:
        with torch.no_grad():
            out = cls(encoder(x.to(device)).view(x.size(0), -1))
        n_correct += (out.argmax(-1).cpu() == y).sum().item(); n += y.size(0)
    print('Test acc@1: %.3f' % (n_correct / n))


# %%
# Method I
head1 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
head1, _ = train_classifier(model_ae.encoder, head1, dl_train, epochs=100, supervised=False)
test(model_ae.encoder, head1, dl_test)
# %%
# Method II
enc_sup = create_model('ps7_encoder', in_channels=3).to(device)
head2 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
head2, _ = train_classifier(enc_sup, head2, dl_train, epochs=100, supervised=True)
test(enc_sup, head2, dl_test)
# %%
# Method III
enc_rand = create_model('ps7_encoder', in_channels=3).to(device)
head3 = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
head3, _ = train_classifier(enc_rand, head3, dl_train, epochs=100, supervised=False)
test(enc_rand, head3, dl_test)

# %% [markdown]
# ## 7.2 CLIP on Flickr8k

# %%
image_path = "Images"
captions_path = "."
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
text_encoder_lr = 1e-5
weight_decay = 1e-3
patience = 1
factor = 0.8
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


# %%
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


def get_transforms(mode="train"):
    return A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])


def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv")[::5]
    max_id = dataframe["id"].max() + 1
    np.random.seed(42)
    valid_ids = np.random.choice(np.arange(0, max_id), size=int(0.2 * max_id), replace=False)
    train_ids = [id_ for id_ in range(max_id) if id_ not in valid_ids]
    return (dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True), dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True))


def build_loaders(dataframe, tokenizer, mode):
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=get_transforms(mode))
    return DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=True if mode == "train" else False, drop_last=True)


class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=trainable):
        super().__init__()
        self.model = getattr(torchvision.models, model_name)(pretrained=pretrained)
        self.model.fc = nn.Identity()
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    def __init__(self, model_name=text_encoder_model, pretrained=pretrained, trainable=trainable):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name) if pretrained else DistilBertModel(config=DistilBertConfig())
        for p in self.model.parameters():
            p.requires_grad = trainable
        self.target_token_idx = 0

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    """ fc + l2 norm. `norm_layer` as a function, as in timm's CosineLinear. """

    def __init__(self, embedding_dim, projection_dim=projection_dim, norm_layer=partial(F.normalize, p=2., dim=1)):
        super().__init__()
        self.num_features = projection_dim
        self.fc = nn.Linear(embedding_dim, projection_dim)
        self.norm_layer = norm_layer
        nn.init.xavier_uniform_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x, pre_logits=False):
        x = self.fc(x)
        return x if pre_logits else self.norm_layer(x)


class ClipLoss(nn.Module):
    def __init__(self, temperature):
        super().__init__()
        self.logit_scale = 1. / temperature

    def forward(self, image_features, text_features):
        logits_per_image = self.logit_scale * image_features @ text_features.t()
        logits_per_text = logits_per_image.t()
        labels = torch.arange(logits_per_image.shape[0], device=image_features.device)
        return (F.cross_entropy(logits_per_image, labels, reduction='none') + F.cross_entropy(logits_per_text, labels, reduction='none')) / 2


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder(image_encoder_model, True, True)
        self.text_encoder = TextEncoder(text_encoder_model, True, False)
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature
        self.loss_fn = ClipLoss(temperature)

    def encode_image(self, image, normalize=True):
        x = self.image_projection(self.image_encoder(image))
        return F.normalize(x, dim=-1) if normalize else x

    def encode_text(self, input_ids, attention_mask, normalize=True):
        x = self.text_projection(self.text_encoder(input_ids=input_ids, attention_mask=attention_mask))
        return F.normalize(x, dim=-1) if normalize else x

    def forward(self, batch):
        loss = self.loss_fn(self.encode_image(batch["image"]), self.encode_text(batch["input_ids"], batch["attention_mask"]))
        return loss.mean()


@register_model
def clip_resnet50_distilbert(**kwargs):
    return CLIPModel(**kwargs)


# %%
class AverageMeter:
    def __init__(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


def train_epoch(model, train_loader, optimizer):
    meter = AverageMeter()
    bar = tqdm_notebook(train_loader, total=len(train_loader))
    for batch in bar:
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        meter.update(loss.item(), batch["image"].size(0))
        bar.set_postfix(train_loss=meter.avg)
    return meter


def valid_epoch(model, valid_loader):
    meter = AverageMeter()
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        with torch.no_grad():
            meter.update(model(batch).item(), batch["image"].size(0))
    return meter


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_loader = build_loaders(train_df, tokenizer, mode="train")
valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
model = create_model('clip_resnet50_distilbert', temperature=temperature).to(device)
params = [
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": itertools.chain(model.image_projection.parameters(), model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay},
]
optimizer = torch.optim.AdamW(params, weight_decay=0.)
best_loss = float('inf')
for epoch in range(epochs):
    model.train()
    train_loss = train_epoch(model, train_loader, optimizer)
    model.eval()
    valid_loss = valid_epoch(model, valid_loader)
    print(f'Epoch {epoch + 1}: train {train_loss.avg:.4f} valid {valid_loss.avg:.4f}')
    if valid_loss.avg < best_loss:
        best_loss = valid_loss.avg
        torch.save(model.state_dict(), "best.pth")


# %%
def get_image_embeddings(df, model_path):
    loader = build_loaders(df, DistilBertTokenizer.from_pretrained(text_tokenizer), mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    embs = []
    with torch.no_grad():
        for batch in tqdm_notebook(loader):
            embs.append(model.encode_image(batch["image"].to(device)))
    return model, torch.cat(embs)


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # TODO
    _, pred = (text_embeddings @ image_embeddings.t()).topk(k, 1, largest=True, sorted=True)
    matches = [image_filenames[idx] for idx in pred[0].cpu()]
    # END TODO

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        ax.imshow(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        ax.axis("off")
    plt.show()


_, valid_df = make_train_valid_dfs()
model, image_embeddings = get_image_embeddings(valid_df, "best.pth")

# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df['image'].values, k=9)
# %%
retrieve_images(model, image_embeddings, query="a group of people", image_filenames=valid_df['image'].values, k=9)
# %%
cls_clip = nn.Sequential(nn.Linear(2048, 10)).to(device)
cls_clip, _ = train_classifier(model.image_encoder, cls_clip, dl_train, epochs=100, supervised=False)
test(model.image_encoder, cls_clip, dl_test)

# %% [markdown]
# ## Report
# | Model | top-1 |
# |:--|--:|
# | ps7_autoencoder (Method I) | 0.325 |
# | ps7_encoder, supervised (Method II) | 0.441 |
# | ps7_encoder, random (Method III) | 0.262 |
# | clip_resnet50_distilbert | 0.799 |

# %%
# !jupyter nbconvert --to pdf ps7.ipynb
