# %% [markdown] replaces="# Report\n"
# # Report
#
# ## Report of 7.1
#
# **Method I (the assignment says 30 %)**
#
# ~32
#
# **Method II (the assignment says more than 40 %)**
#
# ~44
#
# **Method III**
#
# ~26
#
# ## Report of 7.2
#
# **CLIP (the assignment says 75 %)**
#
# ~80
