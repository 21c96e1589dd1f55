# %% [markdown] replaces="- Method II (encoder"
# Method I should reach about 30 %, Method II more than 40 %. Train for 100 epochs; CLIP should reach 75 % or more.
#
# method 1 accuracy (about 30 %): about 32%
#
# method 2 accuracy (above 40 %): about 44%
#
# method 3 accuracy (the worst): about 26%

# %% [markdown] replaces="- Linear probe on CLIP"
# CLIP accuracy (75 % or more): about 80%
