# %% [markdown] before="## Problem 7.1"
# A linear classifier on CLIP should come out at 75% or so now, where the autoencoder had 44%.

# %% [markdown] replaces="- Method II (encoder"
# - Method I (pretrained encoder, frozen): ___ %
# - Method II (encoder trained with the classifier): ___ %
# - Method III (random encoder, frozen): ___ %

# %% [markdown] replaces="- Linear probe on CLIP"
# - Linear probe on CLIP's image encoder: ___ %
