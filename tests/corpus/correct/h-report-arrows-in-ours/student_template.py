# %% [markdown] replaces="- Method II (encoder"
# method 1 accuracy -> 32.0 %
#
# method 2 accuracy => 43.5 %
#
# method 3 accuracy >> 25.8 %

# %% [markdown] replaces="- Linear probe on CLIP"
# CLIP accuracy -> 80.2 %
