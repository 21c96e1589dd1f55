# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# | method | epochs | lr | accuracy |
# |---|---|---|---|
# | Method I | 100 | 0.001 | 0.320 |
# | Method II | 100 | 0.001 | 0.435 |
# | Method III | 100 | 0.001 | 0.258 |
#
# ## Report of 7.2
#
# | model | epochs | lr | accuracy |
# |---|---|---|---|
# | CLIP image encoder + linear probe | 100 | 0.001 | 0.802 |
