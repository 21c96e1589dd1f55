# %% [markdown] replaces="- Method II (encoder"
# Method I
# - train: 0.361
# - test: 0.320
#
# Method II
# - train: 0.971
# - test: 0.435
#
# Method III
# - train: 0.269
# - test: 0.258

# %% [markdown] replaces="- Linear probe on CLIP"
# CLIP
# - train: 1.000
# - test: 0.802
