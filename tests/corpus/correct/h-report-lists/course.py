# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
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
#
# ## Report of 7.2
#
# CLIP
# - train: 1.000
# - test: 0.802
