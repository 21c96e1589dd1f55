# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# | method | train accuracy | test accuracy |
# |---|---|---|
# | method 1 | 33.4 % | 32.0 % |
# | method 2 | 97.1 % | 43.5 % |
# | method 3 | 26.9 % | 25.8 % |
#
# ## Report of 7.2
#
# accuracy: 80.2 %
