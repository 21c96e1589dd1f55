"""Problem 7.2: training CLIP and embedding the validation images."""

import torch
from tqdm.auto import tqdm as tqdm_notebook

from reference.clip import CLIPModel
from reference.flickr8k import build_loaders
from reference.settings import device


def train_epoch(model, train_loader, optimizer):
    """One epoch of training; returns the mean loss."""
    model.train()
    losses = []
    for batch in tqdm_notebook(train_loader):
        batch = {name: values.to(device) for name, values in batch.items() if name != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def valid_epoch(model, valid_loader):
    """The mean loss over the validation pairs."""
    model.eval()
    losses = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            batch = {name: values.to(device) for name, values in batch.items() if name != "caption"}
            losses.append(model(batch).item())
    return sum(losses) / len(losses)


def get_image_embeddings(df, model_path):
    """Loads the trained model and embeds the dataframe's images: the model, and (M, 256)."""
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(build_loaders(df, mode="valid")):
            image_features = model.image_encoder(batch["image"].to(device))
            embeddings.append(model.image_projection(image_features))
    return model, torch.cat(embeddings)
