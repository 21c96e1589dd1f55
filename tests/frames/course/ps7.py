# %% [markdown]
# # Problem Set 7: Representation Learning
#
# Please provide the following information (e.g. Jane Doe, jdoe): [Your name], [Your unique name].

# %% [markdown]
# # Starting
#
# Run the following code to import the modules you'll need. After you finish the assignment, remember to run all cells and save the
# notebook to your local machine as a PDF for gradescope submission.

# %%
# !pip install -q transformers ipywidgets

# %%

import os

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import STL10
from torchvision.models import resnet50
from torchvision.utils import make_grid
from tqdm import tqdm_notebook
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
print(device)

# %% [markdown]
# # Problem 7.1 Autoencoders for image classification
#
# We download the STL-10 dataset and make the dataloaders.

# %%
unlabeled_transform = transforms.Compose(
    [transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()]
)
labeled_transform = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])

dataset_un = STL10("./data", split="unlabeled", download=True, transform=unlabeled_transform)
dataset_un_subset, _ = random_split(dataset_un, [10000, len(dataset_un) - 10000])
dataset_tr = STL10("./data", split="train", download=True, transform=labeled_transform)
dataset_te = STL10("./data", split="test", download=True, transform=labeled_transform)

batch_size = 128
dataloader_un = DataLoader(dataset_un_subset, batch_size=batch_size, shuffle=True, num_workers=2)
dataloader_tr = DataLoader(dataset_tr, batch_size=batch_size, shuffle=True, num_workers=2)
dataloader_te = DataLoader(dataset_te, batch_size=batch_size, shuffle=False, num_workers=2)


# %%
def imshow(image):
    plt.imshow(np.transpose(image.numpy(), (1, 2, 0)))
    plt.axis("off")
    plt.show()


images, labels = next(iter(dataloader_un))
imshow(make_grid(images[:8]))

# %% [markdown]
# ## Build the autoencoder


# %% item="encoder" source="reference.autoencoder:Encoder"
class Encoder(nn.Module):
    def __init__(self, in_channels=3):
        super().__init__()
        """ YOUR CODE HERE """
        pass

    def forward(self, x):
        """YOUR CODE HERE"""
        x = None
        return x


# %% item="decoder" source="reference.autoencoder:Decoder"
class Decoder(nn.Module):
    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        """ YOUR CODE HERE """
        pass

    def forward(self, x):
        """YOUR CODE HERE"""
        x = None
        return x


# %%
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x):
        x = self.encoder(x)
        x = self.decoder(x)
        return x


ae = Autoencoder().to(device)
print("Parameters of the autoencoder:", sum(p.numel() for p in ae.parameters()))

# %% [markdown]
# ## Train the autoencoder


# %%
def visualize_recon(model, dataloader):
    """Shows a few images and their reconstructions."""
    model.eval()
    images, _ = next(iter(dataloader))
    with torch.no_grad():
        recon = model(images.to(device)).cpu()
    grid = torchvision.utils.make_grid(torch.cat([images[:8], recon[:8]]), nrow=8)
    plt.imshow(grid.permute(1, 2, 0))
    plt.axis("off")
    plt.show()
    model.train()


# %% item="train_ae" only="template"
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            #### YOUR CODE STARTS HERE ####

            #### YOUR CODE ENDS HERE ####
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}")
            visualize_recon(model, dataloader)
    return model, loss_traj


# %% item="train_ae" only="solution"
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}")
            visualize_recon(model, dataloader)
    return model, loss_traj


# %%
ae, ae_loss_traj = train_ae(ae, dataloader_un, epochs=100)
torch.save(ae.state_dict(), "ae.pth")

# %%
plt.plot(ae_loss_traj)
plt.title("Reconstruction loss")
plt.show()

# %%
ae = Autoencoder().to(device)
ae.load_state_dict(torch.load("ae.pth"))

# %% [markdown]
# ## Train the linear classifier


# %% item="train_classifier" only="template"
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """
    Args:
        encoder: the encoder of the autoencoder
        cls: linear classifier
        dataloader: training data
        epochs: number of epochs
        supervised: whether the encoder is trained as well
    """
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            #### YOUR CODE STARTS HERE ####
            outs = None
            loss = None
            #### YOUR CODE ENDS HERE ####
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj


# %% item="train_classifier" only="solution"
def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """
    Args:
        encoder: the encoder of the autoencoder
        cls: linear classifier
        dataloader: training data
        epochs: number of epochs
        supervised: whether the encoder is trained as well
    """
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with torch.set_grad_enabled(supervised):
                features = encoder(x)
            outs = cls(features.view(x.shape[0], -1))
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()
            loss_epoch += loss.detach().item()
        loss_traj.append(loss_epoch)
        if epoch % 10 == 0:
            acc = (outs.argmax(dim=1) == y).float().mean().item()
            print(f"Epoch {epoch}, loss {loss_epoch:.3f}, accuracy of the last batch {acc:.3f}")
    return cls, loss_traj


# %%
def test(encoder, cls, dataloader):
    encoder.eval()
    cls.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(encoder(x).view(x.shape[0], -1))
            correct += (outs.argmax(dim=1) == y).sum().item()
            total += y.shape[0]
    print(f"Test accuracy: {correct / total:.3f}")


# %% item="train_classifier" only="template"
# Method I: unsupervised pretraining + linear classifier
feat_dim = 24 * 4 * 4
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
# set the supervised parameter below
linear_cls, cls_loss_traj = train_classifier(ae.encoder, linear_cls, dataloader_tr, epochs=100, supervised=None)

# %% item="train_classifier" only="solution"
# Method I: unsupervised pretraining + linear classifier
feat_dim = 24 * 4 * 4
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(ae.encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)

# %% recorded="Test accuracy: {method_1:.3f}"
test(ae.encoder, linear_cls, dataloader_te)

# %% item="train_classifier" only="template"
# Method II: supervised learning
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
# set the supervised parameter below
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=None)

# %% item="train_classifier" only="solution"
# Method II: supervised learning
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=True)

# %% recorded="Test accuracy: {method_2:.3f}"
test(encoder, linear_cls, dataloader_te)

# %% item="train_classifier" only="template"
# Method III: random encoder + linear classifier
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
# set the supervised parameter below
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=None)

# %% item="train_classifier" only="solution"
# Method III: random encoder + linear classifier
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)

# %% recorded="Test accuracy: {method_3:.3f}"
test(encoder, linear_cls, dataloader_te)

# %% [markdown]
# # Problem 7.2 Associating images with language
#
# Adapted from a simple implementation of CLIP. Put the Flickr8k images and captions next to this notebook.

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

image_encoder_model = "resnet50"
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

# %% source="reference.flickr8k:CLIPDataset"

# %% source="reference.flickr8k:make_train_valid_dfs,reference.flickr8k:build_loaders"


# %%
class ImageEncoder(nn.Module):
    def __init__(self, model_name=image_encoder_model, pretrained=pretrained, trainable=trainable):
        super().__init__()
        self.model = resnet50(pretrained=pretrained)
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


# %% item="projection_head" source="reference.clip:ProjectionHead"
class ProjectionHead(nn.Module):
    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        """ YOUR CODE HERE """
        pass

    def forward(self, x):
        """YOUR CODE HERE"""
        pass


# %% item="clip_model" source="reference.clip:CLIPModel"
class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        """ YOUR CODE HERE """
        self.image_encoder = None
        self.text_encoder = None
        self.image_projection = None
        self.text_projection = None
        self.temperature = temperature

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        """ YOUR CODE HERE. Do not use a for loop. """
        loss = None
        return loss.mean()


# %%
def train_epoch(model, train_loader, optimizer):
    model.train()
    total, count = 0.0, 0
    for batch in tqdm_notebook(train_loader, total=len(train_loader)):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        count += 1
    return total / count


def valid_epoch(model, valid_loader):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader, total=len(valid_loader)):
            batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
            total += model(batch).item()
            count += 1
    return total / count


# %%
def main():
    train_df, valid_df = make_train_valid_dfs()
    train_loader = build_loaders(train_df, mode="train")
    valid_loader = build_loaders(valid_df, mode="valid")
    model = CLIPModel().to(device)
    params = [
        {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
        {"params": model.text_encoder.parameters(), "lr": text_encoder_lr},
        {
            "params": [*model.image_projection.parameters(), *model.text_projection.parameters()],
            "lr": head_lr,
            "weight_decay": weight_decay,
        },
    ]
    optimizer = torch.optim.AdamW(params, weight_decay=0.0)
    best_loss = float("inf")
    for epoch in range(epochs):
        print(f"Epoch: {epoch + 1}")
        train_loss = train_epoch(model, train_loader, optimizer)
        valid_loss = valid_epoch(model, valid_loader)
        print("train loss", train_loss, "valid loss", valid_loss)
        if valid_loss < best_loss:
            best_loss = valid_loss
            torch.save(model.state_dict(), "best.pt")
            print("Saved the best model!")


main()

# %% [markdown]
# ## Evaluate the image encoder on STL-10

# %%
model = CLIPModel().to(device)
model.load_state_dict(torch.load("best.pt", map_location=device))
encoder = model.image_encoder
transform = transforms.Compose(
    [
        transforms.CenterCrop(64),
        transforms.ToTensor(),
        transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
    ]
)
dataset_tr = STL10("./data", split="train", download=True, transform=transform)
dataset_te = STL10("./data", split="test", download=True, transform=transform)
dataloader_tr = DataLoader(dataset_tr, batch_size=128, shuffle=True, num_workers=2)
dataloader_te = DataLoader(dataset_te, batch_size=128, shuffle=False, num_workers=2)
linear_cls = nn.Sequential(nn.Linear(image_embedding, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)

# %% recorded="Test accuracy: {clip_probe:.3f}"
test(encoder, linear_cls, dataloader_te)

# %% [markdown]
# ## Find images by text

# %% source="reference.clip_training:get_image_embeddings"

# %%
_, valid_df = make_train_valid_dfs()
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")


# %% item="retrieve_images" only="template"
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    """ YOUR CODE HERE. Do not use a for loop. """
    matches = None

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %% item="retrieve_images" only="solution"
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarities = (text_embeddings @ image_embeddings.T).squeeze(0)
    indices = similarities.topk(k).indices
    matches = [image_filenames[index] for index in indices.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df["image"].values, k=9)
retrieve_images(model, image_embeddings, query="a child on a swing", image_filenames=valid_df["image"].values, k=9)

# %% [markdown] item="report_ae,report_clip" only="template"
# # Report
#
# ## Report of 7.1
#
# method 1 accuracy:
#
# method 2 accuracy:
#
# method 3 accuracy:
#
# ## Report of 7.2
#
# accuracy:

# %% [markdown] item="report_ae,report_clip" only="solution"
# # Report
#
# ## Report of 7.1
#
# method 1 accuracy: 32.0 %
#
# method 2 accuracy: 43.5 %
#
# method 3 accuracy: 25.8 %
#
# ## Report of 7.2
#
# accuracy: 80.2 %

# %% [markdown]
# # Convert the notebook to a PDF

# %%
get_ipython().system("apt-get install -qq texlive-xetex texlive-fonts-recommended texlive-plain-generic pandoc")
get_ipython().system("jupyter nbconvert --to pdf ps7.ipynb")
