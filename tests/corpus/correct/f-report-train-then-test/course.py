# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# - method 1 accuracy: train 33.4 %, test 32.0 % (100 epochs, lr 0.001)
# - method 2 accuracy: train 97.1 %, test 43.5 % (100 epochs, lr 0.001)
# - method 3 accuracy: train 26.9 %, test 25.8 % (100 epochs, lr 0.001)
#
# ## Report of 7.2
#
# accuracy: 80.2 % after 3 epochs of CLIP and 100 epochs of the probe
