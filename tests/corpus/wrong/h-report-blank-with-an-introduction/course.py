# %% [markdown] before="# Problem 7.1"
# A linear classifier on CLIP should come out at 75% or so now, where the autoencoder had 44%.

# %% [markdown] replaces="# Report\n"
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
