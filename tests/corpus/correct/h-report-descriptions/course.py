# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# A frozen pretrained encoder gives 32.0 %, an encoder trained from scratch with labels 43.5 %, a frozen random encoder 25.8 %.
#
# ## Report of 7.2
#
# The linear classifier on the image encoder of CLIP gives 80.2 %.
