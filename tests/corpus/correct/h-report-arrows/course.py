# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# method 1 accuracy -> 32.0 %
#
# method 2 accuracy => 43.5 %
#
# method 3 accuracy >> 25.8 %
#
# ## Report of 7.2
#
# accuracy -> 80.2 %
