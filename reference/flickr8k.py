"""Problem 7.2: Flickr8k, its captions, and the loaders."""

import cv2
import numpy as np
import pandas as pd
import torch
from transformers import DistilBertTokenizer

from reference.settings import batch_size, captions_path, image_path, max_length, num_workers, size, text_tokenizer


class CLIPDataset(torch.utils.data.Dataset):
    """Pairs of an image and the tokens of its caption."""

    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

    def __init__(self, image_filenames, captions, tokenizer):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.tokens = tokenizer(self.captions, padding=True, truncation=True, max_length=max_length)

    def __getitem__(self, index):
        item = {name: torch.tensor(values[index]) for name, values in self.tokens.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[index]}")
        image = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), (size, size))
        item["image"] = torch.tensor((image / 255 - self.mean) / self.deviation).permute(2, 0, 1).float()
        item["caption"] = self.captions[index]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    """Splits captions.csv (image, caption, id) 80/20 by id, with seed 42."""
    dataframe = pd.read_csv(f"{captions_path}/captions.csv").drop_duplicates("image")
    ids = np.arange(len(dataframe))
    np.random.seed(42)
    valid_ids = np.random.choice(ids, size=int(0.2 * len(dataframe)), replace=False)
    valid = np.isin(ids, valid_ids)
    return dataframe[~valid].reset_index(drop=True), dataframe[valid].reset_index(drop=True)


def build_loaders(dataframe, mode):
    """A loader of the dataframe's pairs; the last, smaller minibatch is dropped."""
    dataset = CLIPDataset(
        dataframe["image"].values, dataframe["caption"].values, DistilBertTokenizer.from_pretrained(text_tokenizer)
    )
    return torch.utils.data.DataLoader(
        dataset, batch_size=batch_size, num_workers=num_workers, shuffle=mode == "train", drop_last=True
    )
