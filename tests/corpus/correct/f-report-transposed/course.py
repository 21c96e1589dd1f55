# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# |  | Method I | Method II | Method III |
# |---|---|---|---|
# | train accuracy | 33.4 % | 97.1 % | 26.9 % |
# | test accuracy | 32.0 % | 43.5 % | 25.8 % |
#
# ## Report of 7.2
#
# accuracy: 80.2 %
