"""Problem 7.2: text-to-image retrieval."""

import cv2
import matplotlib.pyplot as plt
import torch
from transformers import DistilBertTokenizer

from reference.settings import device, image_path, text_tokenizer


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    """The k files whose images fit the query best, best first; shows the first nine."""
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    tokens = tokenizer([query])
    batch = {name: torch.tensor(values).to(device) for name, values in tokens.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    similarities = (text_embeddings @ image_embeddings.T).squeeze(0)
    indices = similarities.topk(k).indices
    matches = [image_filenames[index] for index in indices.tolist()]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, axis in zip(matches, axes.flatten()):
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)
        axis.imshow(image)
        axis.axis("off")
    plt.show()
    return matches
