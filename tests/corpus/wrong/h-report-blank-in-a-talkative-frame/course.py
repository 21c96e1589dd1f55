# %% [markdown] before="# Problem 7.2"
# With the pretrained encoder of Method I you should get about 30 % after 100 epochs, with Method II more than 40 %; Method III is 2 to 5 % worse than Method I. The linear classifier on CLIP should reach an accuracy > 75 %.

# %% [markdown] replaces="# Report\n"
# # Report
#
# Please report the accuracies of all 4 classifiers. Each is worth 25 % of the 2 points. You need 75 % for CLIP.
#
# ## Report of 7.1
#
# method 1 accuracy:
#
# method 2 accuracy:
#
# method 3 accuracy:
#
# ## Report of 7.2
#
# accuracy:
