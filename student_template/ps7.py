# %% [markdown]
# # Problem Set 7: Representation Learning
#
# In this problem set you train an autoencoder on STL-10 and use what it has learned for classification (7.1), then
# train a simplified CLIP on Flickr8k and search photos by text (7.2). Fill in every block marked `TODO`; everything else is given.
# Keep the names and the signatures: the grader looks your components up by name.
#
# Before you start, choose *Runtime > Change runtime type > GPU*. Hand in this notebook with all outputs saved, and the PDF that its last cell makes.

# %% [markdown] only="solution"
# **Solved version.** The accuracies saved below are those of a real run of this assignment on STL-10 and Flickr8k, as
# recorded in `reference/recorded_run.toml`; they were not run anew when this notebook was generated.

# %% [markdown]
# ## Set-up

# %%
# !pip install -q transformers albumentations

# %%
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, random_split
from torchvision import transforms
from torchvision.datasets import STL10
from torchvision.models import resnet50
from torchvision.utils import make_grid
from tqdm.auto import tqdm as tqdm_notebook
from transformers import DistilBertConfig, DistilBertModel, DistilBertTokenizer

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# %% [markdown] points="7.1"
# ## Problem 7.1: Autoencoders ({points})
#
# ### The data
#
# STL-10 has ten classes (airplane, bird, car, cat, deer, dog, horse, monkey, ship, truck): 100,000 unlabeled images, 5,000 for training and
# 8,000 for testing, 96x96 in colour. We use 10,000 of the unlabeled ones.

# %% source="reference.stl10:stl10_loaders"

# %%
unlabeled_loader, train_loader, test_loader = stl10_loaders()

# %% [markdown] points="encoder"
# ### The encoder ({points})
#
# | layer | channels | kernel | stride | padding | then | output |
# |---|---|---|---|---|---|---|
# | conv | 3 to 12 | 4 | 2 | 1 | ReLU | 12x32x32 |
# | conv | 12 to 24 | 4 | 2 | 1 | ReLU | 24x16x16 |
# | conv | 24 to 48 | 4 | 2 | 1 | ReLU | 48x8x8 |
# | conv | 48 to 24 | 4 | 2 | 1 | ReLU | 24x4x4 |

# %% item="encoder" source="reference.autoencoder:Encoder"
class Encoder(nn.Module):
    """(N, 3, 64, 64) -> (N, 24, 4, 4)."""

    def __init__(self, in_channels=3):
        super().__init__()
        # TODO: make the layers of the table.

    def forward(self, x):
        # TODO: apply them to x and return the features.
        pass

# %% [markdown] points="decoder"
# ### The decoder ({points})
#
# | layer | channels | kernel | stride | padding | then | output |
# |---|---|---|---|---|---|---|
# | transposed conv | 24 to 48 | 4 | 2 | 1 | ReLU | 48x8x8 |
# | transposed conv | 48 to 24 | 4 | 2 | 1 | ReLU | 24x16x16 |
# | transposed conv | 24 to 12 | 4 | 2 | 1 | ReLU | 12x32x32 |
# | transposed conv | 12 to 3 | 4 | 2 | 1 | sigmoid | 3x64x64 |

# %% item="decoder" source="reference.autoencoder:Decoder"
class Decoder(nn.Module):
    """(N, 24, 4, 4) -> (N, 3, 64, 64), values in (0, 1)."""

    def __init__(self, out_channels=3, feat_dim=64):
        super().__init__()
        # TODO: make the layers of the table.

    def forward(self, x):
        # TODO: apply them to x and return the images.
        pass

# %% source="reference.autoencoder:Autoencoder,reference.autoencoder:visualize_recon"

# %% [markdown] points="train_ae"
# ### Training the autoencoder ({points})
#
# Write the body of one minibatch. The loss is the mean squared error between the model's output and its input.

# %% item="train_ae" source="reference.training:train_ae"
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
            # TODO: compute `loss` for this minibatch and make one step of the optimizer.

            loss_epoch += loss.detach().item()
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return model, loss_traj

# %%
ae, ae_loss_traj = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
plt.plot(ae_loss_traj)
visualize_recon(ae, test_loader)

# %% [markdown] points="train_classifier"
# ### Training a classifier on the features ({points})
#
# Write the body of one minibatch. With `supervised=False` only the linear layer `cls` learns and the encoder stays as it is; with
# `supervised=True` both learn. `cls` expects the features of an image as one row.

# %% item="train_classifier" source="reference.training:train_classifier"
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
            # TODO: compute `outs` and `loss` for this minibatch and make one step of the optimizer.

            loss_epoch += loss.detach().item()
        print(f"epoch {epoch + 1}: loss {loss_epoch:.3f}")
        loss_traj.append(loss_epoch)
    return cls, loss_traj

# %% source="reference.training:test"

# %% [markdown]
# Set `supervised` in each of the three methods, train, and test.
#
# **Method I**: the pretrained encoder, frozen, and a linear layer that learns.

# %% item="train_classifier" only="template"
feat_dim = 24 * 4 * 4
cls_1 = nn.Sequential(nn.Linear(feat_dim, 10))
# TODO: replace the dots by True or False.
cls_1, loss_traj_1 = train_classifier(ae.encoder, cls_1, train_loader, epochs=100, supervised=...)

# %% item="train_classifier" only="solution"
feat_dim = 24 * 4 * 4
cls_1 = nn.Sequential(nn.Linear(feat_dim, 10))
cls_1, loss_traj_1 = train_classifier(ae.encoder, cls_1, train_loader, epochs=100, supervised=False)

# %% recorded="Accuracy on the test set: {method_1:.3f}"
accuracy_1 = test(ae.encoder, cls_1, test_loader)

# %% [markdown]
# **Method II**: a new encoder that learns together with the linear layer.

# %% item="train_classifier" only="template"
encoder_2, cls_2 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
# TODO: replace the dots by True or False.
cls_2, loss_traj_2 = train_classifier(encoder_2, cls_2, train_loader, epochs=100, supervised=...)

# %% item="train_classifier" only="solution"
encoder_2, cls_2 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls_2, loss_traj_2 = train_classifier(encoder_2, cls_2, train_loader, epochs=100, supervised=True)

# %% recorded="Accuracy on the test set: {method_2:.3f}"
accuracy_2 = test(encoder_2, cls_2, test_loader)

# %% [markdown]
# **Method III**: a new encoder with random parameters, frozen, and a linear layer that learns.

# %% item="train_classifier" only="template"
encoder_3, cls_3 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
# TODO: replace the dots by True or False.
cls_3, loss_traj_3 = train_classifier(encoder_3, cls_3, train_loader, epochs=100, supervised=...)

# %% item="train_classifier" only="solution"
encoder_3, cls_3 = Encoder(), nn.Sequential(nn.Linear(feat_dim, 10))
cls_3, loss_traj_3 = train_classifier(encoder_3, cls_3, train_loader, epochs=100, supervised=False)

# %% recorded="Accuracy on the test set: {method_3:.3f}"
accuracy_3 = test(encoder_3, cls_3, test_loader)

# %% [markdown] points="7.2"
# ## Problem 7.2: Associating images with language ({points})
#
# ### The data
#
# Flickr8k has 8,000 photos with five captions each; we use the first caption of each. Put `Images/` and `captions.csv` (columns image,
# caption, id) next to this notebook.

# %%
image_path = "Images"
captions_path = "."
batch_size = 32
num_workers = 2
head_lr = 1e-3
image_encoder_lr = 1e-4
weight_decay = 1e-3
epochs = 3
image_encoder_model = "resnet50"
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
pretrained = True
temperature = 0.07
size = 64
projection_dim = 256

# %% source="reference.flickr8k:CLIPDataset"

# %% source="reference.flickr8k:make_train_valid_dfs,reference.flickr8k:build_loaders"

# %% [markdown]
# ### The encoders (given)
#
# The image encoder starts from ImageNet and trains; the text encoder is frozen.

# %% source="reference.clip:ImageEncoder,reference.clip:TextEncoder"

# %% [markdown] points="projection_head"
# ### The projection head ({points})
#
# One linear layer from the encoder's features to `projection_dim` numbers, then every row is divided by its length (L2 norm).

# %% item="projection_head" source="reference.clip:ProjectionHead"
class ProjectionHead(nn.Module):
    """(N, embedding_dim) -> (N, projection_dim), every row of norm 1."""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        # TODO: make the layer.

    def forward(self, x):
        # TODO: project x and normalise the rows.
        pass

# %% [markdown] points="clip_model"
# ### The model and its loss ({points})
#
# With $I$ and $T$ the embeddings of the images and texts of a minibatch of $N$ pairs, and $\tau$ the temperature,
#
# $$L(I, T) = -\frac{1}{N} \sum_i \log \frac{\exp(I_i \cdot T_i / \tau)}{\sum_j \exp(I_i \cdot T_j / \tau)}, \qquad
# L = \frac{L(I, T) + L(T, I)}{2}.$$
#
# Use no for loop over the minibatch.

# %% item="clip_model" source="reference.clip:CLIPModel"
class CLIPModel(nn.Module):
    """Image and text encoders, a projection head for each, and the loss that pulls pairs together."""

    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        # TODO: set image_encoder, text_encoder, image_projection, text_projection and temperature.

    def forward(self, batch):
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        # TODO: embed images and texts, and compute `loss`.

        return loss.mean()

# %% source="reference.clip_training:train_epoch,reference.clip_training:valid_epoch"

# %%
train_df, valid_df = make_train_valid_dfs()
train_pairs, valid_pairs = build_loaders(train_df, mode="train"), build_loaders(valid_df, mode="valid")

model = CLIPModel().to(device)
optimizer = optim.AdamW(
    [
        {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
        {
            "params": [*model.image_projection.parameters(), *model.text_projection.parameters()],
            "lr": head_lr,
            "weight_decay": weight_decay,
        },
    ]
)
best_loss = float("inf")
for epoch in range(epochs):
    train_loss = train_epoch(model, train_pairs, optimizer)
    valid_loss = valid_epoch(model, valid_pairs)
    print(f"epoch {epoch + 1}: training loss {train_loss:.3f}, validation loss {valid_loss:.3f}")
    if valid_loss < best_loss:
        best_loss = valid_loss
        torch.save(model.state_dict(), "best.pt")

# %% [markdown] points="report_clip"
# ### A linear probe on the trained image encoder ({points})

# %%
for parameter in model.image_encoder.parameters():
    parameter.requires_grad = False
cls_clip = nn.Sequential(nn.Linear(image_embedding, 10))
cls_clip, loss_traj_clip = train_classifier(model.image_encoder.eval(), cls_clip, train_loader, epochs=100, supervised=False)

# %% recorded="Accuracy on the test set: {clip_probe:.3f}"
accuracy_clip = test(model.image_encoder, cls_clip, test_loader)

# %% [markdown] points="retrieve_images"
# ### Retrieving images by text ({points})
#
# Keep the `k` file names whose embeddings have the highest dot product with the query's text embedding, best first, in `matches`. Use no for loop
# over the images. The rows of `image_embeddings` belong to the first of `image_filenames`.

# %% source="reference.clip_training:get_image_embeddings"

# %% item="retrieve_images" source="reference.retrieval:retrieve_images"
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    """The k files whose images fit the query best, best first; shows the first nine."""
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    tokens = tokenizer([query])
    batch = {name: torch.tensor(values).to(device) for name, values in tokens.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # TODO: set `matches`.

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, axis in zip(matches, axes.flatten()):
        image = cv2.cvtColor(cv2.imread(f"{image_path}/{match}"), cv2.COLOR_BGR2RGB)
        axis.imshow(image)
        axis.axis("off")
    plt.show()
    return matches

# %%
model, image_embeddings = get_image_embeddings(valid_df, "best.pt")

# %%
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=valid_df["image"].values)

# %%
retrieve_images(model, image_embeddings, query="a boat on the water", image_filenames=valid_df["image"].values)

# %% [markdown]
# ## Check your work
#
# The public checks run in seconds, without training anything. The first cell looks at what you have run in this session; copy it to
# wherever you are, and give it names (`check("encoder", "decoder")`) to check a part. The second one looks at the file: save the notebook first.

# %%
from autograder.live import check

check()

# %%
# !ps7 check ps7.ipynb

# %% [markdown] points="report_ae,report_clip"
# ## Report ({points})
#
# Write the test accuracies that your runs above have printed.

# %% [markdown] item="report_ae" only="template"
# - Method I (pretrained encoder, frozen): ___ %
# - Method II (encoder trained with the classifier): ___ %
# - Method III (random encoder, frozen): ___ %

# %% [markdown] item="report_ae" only="solution"
# - Method I (pretrained encoder, frozen): 32.0 %
# - Method II (encoder trained with the classifier): 43.5 %
# - Method III (random encoder, frozen): 25.8 %

# %% [markdown] item="report_clip" only="template"
# - Linear probe on CLIP's image encoder: ___ %

# %% [markdown] item="report_clip" only="solution"
# - Linear probe on CLIP's image encoder: 80.2 %

# %% [markdown]
# ## Make the PDF
#
# Save the notebook first, with all outputs. In Colab the name may differ; the PDF appears among the files on the left.

# %%
# !ps7 pdf ps7.ipynb
