# %% [markdown] replaces="- Method II (encoder"
# We got 32.0 % with Method I, 43.5 % with Method II and 25.8 % with Method III.

# %% [markdown] replaces="- Linear probe on CLIP"
# We got 80.2 % with CLIP.
