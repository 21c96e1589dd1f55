# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# We got 32.0 % with Method I, 43.5 % with Method II and 25.8 % with Method III.
#
# ## Report of 7.2
#
# We got 80.2 % with CLIP.
