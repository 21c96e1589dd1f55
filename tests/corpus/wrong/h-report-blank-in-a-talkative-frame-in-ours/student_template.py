# %% [markdown] before="## Problem 7.2"
# With the pretrained encoder of Method I you should get about 30 % after 100 epochs, with Method II more than 40 %; Method III is 2 to 5 % worse than Method I. The linear classifier on CLIP should reach an accuracy > 75 %.

# %% [markdown] replaces="- Method II (encoder"
# Please report the accuracies of all 4 classifiers. Each is worth 25 % of the 2 points. You need 75 % for CLIP.
#
# - Method I (pretrained encoder, frozen): ___ %
# - Method II (encoder trained with the classifier): ___ %
# - Method III (random encoder, frozen): ___ %

# %% [markdown] replaces="- Linear probe on CLIP"
# - Linear probe on CLIP's image encoder: ___ %
