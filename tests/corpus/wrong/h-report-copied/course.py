# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# Method I: about 30 %
#
# Method II: above 40 %
#
# Method III: the worst of the three
#
# ## Report of 7.2
#
# CLIP: 75 % or more
