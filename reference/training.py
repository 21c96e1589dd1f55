"""Problem 7.1: training the autoencoder, training a classifier on an encoder, testing it."""

import torch
from torch import nn, optim
from tqdm.auto import tqdm as tqdm_notebook

from reference.settings import device


def train_ae(model, dataloader, epochs=200):
    """Trains an autoencoder; returns it and the sum of minibatch losses of every epoch."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    model.to(device)
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
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return model, loss_traj


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """Trains the linear classifier `cls` on the encoder's features, and the encoder with it if `supervised`."""
    optimizer = optim.Adam(cls.parameters(), lr=1e-3, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([*encoder.parameters(), *cls.parameters()], lr=1e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    encoder.to(device)
    cls.to(device)
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
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    """Prints and returns the accuracy of the classifier on the encoder's features, between 0 and 1."""
    encoder.eval()
    cls.eval()
    correct = total = 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            outs = cls(encoder(x).view(x.shape[0], -1))
            correct += (outs.argmax(dim=1) == y).sum().item()
            total += len(y)
    accuracy = correct / total
    print(f"Accuracy on the test set: {accuracy:.3f}")
    return accuracy
