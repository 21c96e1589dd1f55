# %% [markdown]
# # Problem 7, Nov 2022
# ### Please run on GPU

# %%
# !pip install transformers albumentations==1.2.1
# !wget -O flickr8k.zip "https://www.dropbox.com/s/xxxx/flickr8k.zip?dl=1"
# !unzip -q flickr8k.zip

# %%
import itertools
import numpy as np
import pandas as pd
import cv2
import albumentations as A
import matplotlib.pyplot as plt
import torch
from torch import nn
import torch.nn.functional as F
from torch import optim
import torchvision
from torchvision import datasets, models, transforms
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertConfig, DistilBertTokenizer

device = 'cuda'

# %%
unlabeled_trans = transforms.Compose([
    transforms.RandomHorizontalFlip(),
    transforms.RandomCrop(64),
    transforms.ToTensor()
])
labeled_trans = transforms.Compose([
    transforms.CenterCrop(64),
    transforms.ToTensor()
])
unlabeled_set = datasets.STL10('./data', split='unlabeled', download=True, transform=unlabeled_trans)
unlabeled_set, _ = torch.utils.data.random_split(unlabeled_set, [10000, 90000])
labeled_set = datasets.STL10('./data', split='train', download=True, transform=labeled_trans)
test_set = datasets.STL10('./data', split='test', download=True, transform=labeled_trans)

unlabeled_loader = torch.utils.data.DataLoader(unlabeled_set, batch_size=128, shuffle=True, num_workers=2)
labeled_loader = torch.utils.data.DataLoader(labeled_set, batch_size=128, shuffle=True, num_workers=2)
test_loader = torch.utils.data.DataLoader(test_set, batch_size=128, shuffle=False, num_workers=2)


# %%
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        ##############################################################################
        #                               YOUR CODE HERE                               #
        ##############################################################################
        act = nn.ReLU()
        self.encoder_layers = nn.Sequential(
            nn.Conv2d(in_channels, 12, 4, stride=2, padding=1), act,
            nn.Conv2d(12, 24, 4, stride=2, padding=1), act,
            nn.Conv2d(24, 48, 4, stride=2, padding=1), act,
            nn.Conv2d(48, 24, 4, stride=2, padding=1), act)
        ##############################################################################
        #                               END OF YOUR CODE                             #
        ##############################################################################

    def forward(self, x):
        h = self.encoder_layers(x)
        return h


class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        ##############################################################################
        #                               YOUR CODE HERE                               #
        ##############################################################################
        act = nn.ReLU()
        self.decoder_layers = nn.Sequential(
            nn.ConvTranspose2d(24, 48, 4, stride=2, padding=1), act,
            nn.ConvTranspose2d(48, 24, 4, stride=2, padding=1), act,
            nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1), act,
            nn.ConvTranspose2d(12, out_channels, 4, stride=2, padding=1))
        ##############################################################################
        #                               END OF YOUR CODE                             #
        ##############################################################################

    def forward(self, x):
        out = torch.sigmoid(self.decoder_layers(x))
        return out


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        return self.decoder(self.encoder(x))


# %%
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.to(device)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            ### YOUR CODE HERE ###
            x = x.to("cuda")
            optimizer.zero_grad()
            out = model(x)
            # mse by hand gives the same number as the criterion
            loss = ((out - x) ** 2).mean()
            loss.backward()
            optimizer.step()
            ### END ###
            loss_epoch += loss.detach().item()
        if epoch % 10 == 0:
            print('Epoch %d, loss %.4f' % (epoch, loss_epoch))
        loss_traj.append(loss_epoch)
    return model, loss_traj


def visualize_recon(model, dataloader):
    x, _ = next(iter(dataloader))
    out = model(x.to(device)).detach().cpu()
    plt.imshow(torchvision.utils.make_grid(torch.cat([x[:8], out[:8]]), nrow=8).permute(1, 2, 0))
    plt.show()


ae = Autoencoder()
ae, ae_traj = train_ae(ae, unlabeled_loader, epochs=100)
visualize_recon(ae, test_loader)


# %%
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam(itertools.chain(cls.parameters(), encoder.parameters()), lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    encoder.to(device)
    cls.to(device)
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            ### YOUR CODE HERE ###
            x, y = x.to(device), y.to(device)
            if supervised:
                feats = encoder(x)
            else:
                encoder.eval()
                with torch.no_grad():
                    feats = encoder(x)
            outs = cls(torch.flatten(feats, 1))
            loss = criterion(outs, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            ### END ###
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    correct, cnt = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            outs = cls(torch.flatten(encoder(x.to(device)), 1))
            correct += (torch.argmax(outs, dim=1) == y.to(device)).sum().item()
            cnt += len(y)
    print('Acc: {:.3f}'.format(correct / cnt))


feat_dim = 24 * 4 * 4

# %%
# Method I
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(ae.encoder, cls, labeled_loader, epochs=100, supervised=False)
test(ae.encoder, cls, test_loader)

# %%
# Method II
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(encoder, cls, labeled_loader, epochs=100, supervised=True)
test(encoder, cls, test_loader)

# %%
# Method III
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(encoder, cls, labeled_loader, epochs=100, supervised=False)
test(encoder, cls, test_loader)

# %% [markdown]
# # CLIP

# %%
image_path = "./Images"
captions_path = "."
batch_size = 32
num_workers = 2
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


class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        ### YOUR CODE HERE ###
        self.projection = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        ### YOUR CODE HERE ###
        return F.normalize(self.projection(x), p=2, dim=-1)


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        ### YOUR CODE HERE ###
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        ### YOUR CODE HERE ###
        image_embeddings = F.normalize(self.image_projection(image_features), p=2, dim=-1)
        text_embeddings = F.normalize(self.text_projection(text_features), p=2, dim=-1)
        logits = (image_embeddings @ text_embeddings.T) / self.temperature
        labels = torch.arange(batch_size).cuda()
        loss_fn = nn.CrossEntropyLoss(reduction='none')
        loss = (loss_fn(logits, labels) + loss_fn(logits.T, labels)) / 2
        return loss.mean()


# %%
def make_train_valid_dfs():
    dataframe = pd.read_csv(f"{captions_path}/captions.csv")
    dataframe = dataframe.iloc[::5].reset_index(drop=True)
    image_ids = np.arange(0, dataframe["id"].max() + 1)
    np.random.seed(42)
    valid_ids = np.random.choice(image_ids, size=int(0.2 * len(image_ids)), replace=False)
    train_ids = [id_ for id_ in image_ids if id_ not in valid_ids]
    train_dataframe = dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True)
    valid_dataframe = dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True)
    return train_dataframe, valid_dataframe


def build_loaders(dataframe, tokenizer, mode):
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=get_transforms(mode=mode))
    return torch.utils.data.DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=True if mode == "train" else False, drop_last=True)


def train_epoch(model, train_loader, optimizer):
    losses = []
    for batch in tqdm_notebook(train_loader, total=len(train_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.mean(losses)


def valid_epoch(model, valid_loader):
    losses = []
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        losses.append(model(batch).item())
    return np.mean(losses)


# %%
train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
train_loader = build_loaders(train_df, tokenizer, mode="train")
valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
model = CLIPModel().to(device)
params = [
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": model.text_encoder.parameters(), "lr": text_encoder_lr},
    {"params": itertools.chain(model.image_projection.parameters(), model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay}
]
optimizer = torch.optim.AdamW(params, weight_decay=0.)
best_loss = float('inf')
for epoch in range(epochs):
    print(f"Epoch: {epoch + 1}")
    model.train()
    train_loss = train_epoch(model, train_loader, optimizer)
    model.eval()
    with torch.no_grad():
        valid_loss = valid_epoch(model, valid_loader)
    print(train_loss, valid_loss)
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")
        print("Saved Best Model!")


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    valid_image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            image_features = model.image_encoder(batch["image"].to(device))
            image_embeddings = model.image_projection(image_features)
            valid_image_embeddings.append(image_embeddings)
    return model, torch.cat(valid_image_embeddings)


_, valid_df = make_train_valid_dfs()
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    ### YOUR CODE HERE ###
    image_embeddings_n = F.normalize(image_embeddings, p=2, dim=-1)
    text_embeddings_n = F.normalize(text_embeddings, p=2, dim=-1)
    dot_similarity = text_embeddings_n @ image_embeddings_n.T
    values, indices = torch.topk(dot_similarity, k)
    matches = image_filenames[indices.tolist()]
    ### END ###

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
retrieve_images(model, image_embeddings, query="a little girl in a pink dress", image_filenames=valid_df['image'].values, k=9)

# %%
cls = nn.Sequential(nn.Linear(2048, 10))
model.image_encoder.eval()
cls, _ = train_classifier(model.image_encoder, cls, labeled_loader, epochs=100, supervised=False)
test(model.image_encoder, cls, test_loader)

# %% [markdown]
# # Report
# Method I acc 0.310, Method II acc 0.418, Method III acc 0.253, CLIP acc 0.802

# %%
# !apt-get install texlive texlive-xetex texlive-latex-extra pandoc
# !pip install pypandoc
# !jupyter nbconvert --to PDF "PS7.ipynb"
