# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# | method | encoder | supervised | trained parameters | test acc |
# |---|---|---|---|---|
# | Method 1 | autoencoder | False | 3850 | 0.320 |
# | Method 2 | new | True | 46006 | 0.435 |
# | Method 3 | random | False | 3850 | 0.258 |
#
# ## Report of 7.2
#
# | encoder | trained parameters | test acc |
# |---|---|---|
# | CLIP ResNet-50 | 20490 | 0.802 |
