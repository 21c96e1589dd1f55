"""Problem 7.1: STL-10, loaded by torchvision."""

import torch
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import STL10

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def stl10_loaders(root="data", unlabeled_images=10_000, batch_size=128, num_workers=2, download=True):
    """Loaders of unlabeled, train and test images, 64x64: random crops without labels, centre crops with them."""
    augment = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
    crop = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
    unlabeled = STL10(root, split="unlabeled", download=download, transform=augment)
    unlabeled, _ = random_split(
        unlabeled, [unlabeled_images, len(unlabeled) - unlabeled_images], torch.Generator().manual_seed(0)
    )
    train = STL10(root, split="train", download=download, transform=crop)
    test = STL10(root, split="test", download=download, transform=crop)
    return (
        DataLoader(unlabeled, batch_size=batch_size, shuffle=True, num_workers=num_workers),
        DataLoader(train, batch_size=batch_size, shuffle=True, num_workers=num_workers),
        DataLoader(test, batch_size=batch_size, shuffle=False, num_workers=num_workers),
    )
