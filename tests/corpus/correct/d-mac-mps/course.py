# %% replaces="device = torch.device("
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

device = torch.device("mps")  # MacBook, M2
torch.mps.manual_seed(504)
print(device)

# %% replaces="def train_ae("
def train_ae(model, dataloader, epochs=200):
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.train()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to("mps")
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

# %% replaces="def train_classifier("
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
            x, y = x.to("mps:0"), y.to("mps:0")
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

# %% replaces="class CLIPModel("
class CLIPModel(nn.Module):
    """Image and text encoders, a projection head for each, and the loss that pulls pairs together."""

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

        logits_per_image = image_embeddings @ text_embeddings.T / self.temperature
        targets = torch.arange(len(logits_per_image), device=torch.device("mps"))
        loss_image_to_text = F.cross_entropy(logits_per_image, targets)
        loss_text_to_image = F.cross_entropy(logits_per_image.T, targets)
        loss = (loss_image_to_text + loss_text_to_image) / 2
        return loss.mean()

# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarities = (text_embeddings @ image_embeddings.to("mps").T).squeeze(0)
    torch.mps.synchronize()
    indices = similarities.topk(k).indices
    matches = [image_filenames[index] for index in indices.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(matches, axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()
