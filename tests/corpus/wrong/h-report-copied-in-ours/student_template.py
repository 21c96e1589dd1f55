# %% [markdown] replaces="- Method II (encoder"
# Method I: about 30 %
#
# Method II: above 40 %
#
# Method III: the worst of the three

# %% [markdown] replaces="- Linear probe on CLIP"
# CLIP: 75 % or more
